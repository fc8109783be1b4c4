"""A release: everything that a stranger installs, made from one commit, the same bytes every time.

`source` is the commit's tree with the version written into it, `packages` the wheel and the sdist, `chart` the chart,
`images` the images that the chart names and what is known of them, `bills` what each thing contains, `provenance` what
everything was made from, `notes` what changed, `sums` the digests and their signature.
"""
