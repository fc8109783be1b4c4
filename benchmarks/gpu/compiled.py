"""The train stage's loop with compiled blocks, on the model and documents of `train`."""

from benchmarks.gpu import part, train


def measure(of: part.Part) -> None:
    """Run the arms that `train` leaves out, because a compiler's time is not known beforehand."""
    train.measure(of, train.compiled())


if __name__ == "__main__":
    part.main(measure)
