#!/usr/bin/env bash
# Renders what the cluster gets: k8s-render.sh [ENVIRONMENT...]
#
# One file per environment, build/manifests/ENVIRONMENT.yaml; without arguments, every environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
overlays=deploy/kustomize/overlays

if command -v kustomize >/dev/null; then
  build=(kustomize build)
elif command -v kubectl >/dev/null; then
  build=(kubectl kustomize)
else
  echo "k8s-render.sh needs kustomize or kubectl: run 'mise install', or install one of them." >&2
  exit 1
fi

if [[ $# -eq 0 ]]; then
  for overlay in "$overlays"/*/; do
    overlay=${overlay%/}
    set -- "$@" "${overlay##*/}"
  done
fi

mkdir -p build/manifests
for environment in "$@"; do
  if [[ ! -e $overlays/$environment/kustomization.yaml ]]; then
    echo "There is no $overlays/$environment." >&2
    exit 2
  fi
  manifest=build/manifests/$environment.yaml
  "${build[@]}" "$overlays/$environment" >"$manifest.part"
  mv "$manifest.part" "$manifest"
  echo "$manifest"
done
