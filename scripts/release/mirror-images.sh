#!/bin/sh
# Copy every image of images.txt into a registry that a cluster without the internet reaches:
#     sh mirror-images.sh registry.internal/ssd/
# Then: helm install … --set image.prefix=registry.internal/ssd/ --set mlflow.image=registry.internal/ssd/mlflow:TAG
# skopeo or crane copy from registry to registry, for every processor; docker, podman and buildah pull what they do not
# have, for the processor of this machine, and push it.
# FROM=registry.example.org/ssd/ says where the images of this project are, when no builder here has them.
set -eu
to=${1:?"name the registry and path, with a slash at the end: sh mirror-images.sh registry.internal/ssd/"}
from=${FROM:-}
list=$(dirname "$0")/images.txt
tool=${TOOL:-}
for candidate in skopeo crane docker podman buildah; do
    [ -n "$tool" ] && break
    command -v "$candidate" >/dev/null && { [ "$candidate" != docker ] || docker info >/dev/null 2>&1; } && tool=$candidate
done
[ -n "$tool" ] || { echo "none of docker, podman, buildah, skopeo and crane works here; install one of them" >&2; exit 64; }
copy() {
    case $tool in
        skopeo) skopeo copy --all "docker://$1" "docker://$2" ;;
        crane) crane copy "$1" "$2" ;;
        *)
            { [ "$tool" = buildah ] && buildah inspect --type image "$1" || "$tool" image inspect "$1"; } >/dev/null 2>&1 ||
                "$tool" pull "$1"
            "$tool" tag "$1" "$2"
            # shellcheck disable=SC2086 # options, such as --tls-verify=false
            "$tool" push ${PUSH_OPTIONS:-} "$2"
            ;;
    esac
}
while read -r image; do
    case $image in
        ssd-*) source=$from$image ;;
        *) source=$image ;;
    esac
    echo "$source -> $to${image##*/}"
    copy "$source" "$to${image##*/}"
done <"$list"
