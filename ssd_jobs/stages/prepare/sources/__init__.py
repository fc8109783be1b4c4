"""Where models, problems and benchmarks come from, each as the same few things whatever its format.

`models` fills a directory, `pools` yields training problems, `benchmarks` yields problems with tests; `hub` is the
only one that talks to the Hugging Face hub, `rows` the only one that opens tables.
"""
