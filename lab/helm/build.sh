#!/bin/bash
# Builds helm into OUT. The same flags as ../kube/build.sh, so that both share what they have in common in Go's cache.
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath -m "$1") && mkdir -p "$out"
export GOFLAGS="-trimpath -buildvcs=false" CGO_ENABLED=0
version=$(go list -m -f '{{.Version}}' helm.sh/helm/v4)
go build -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$version" -o "$out/helm" helm.sh/helm/v4/cmd/helm
