# shellcheck shell=bash
# Shared by the steps. Sourced, never run.
set -euo pipefail
umask 077

# This repository as the image holds it: the code that is trusted. Never the pull request's.
: "${STOCKADE_HOME:=/opt/stockade}"
# On the server's encrypted disk, outside of every checkout.
: "${STOCKADE_STATE:=/var/lib/stockade}"
: "${STOCKADE_REGISTRY:=https://registry.npmjs.org/}"
# Version 1 of Amazon's command line reads the second name alone.
if [ -n "${AWS_REGION:-}" ]; then export AWS_DEFAULT_REGION=$AWS_REGION; fi

die() {
  printf 'error: %s\n  next: %s\n' "$1" "$2" >&2
  exit 1
}

# Names that become parts of paths.
safe_name() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$ ]] || die "\"$1\" can't be a name" "Look where it comes from: Atlantis or atlantis.yaml."
}

# What is planned: the content of the checkout, which is the pull request merged into its base.
tree_of() { git -C "$1" rev-parse --verify --quiet 'HEAD^{tree}' || die "$1 is no checkout" "Plan again."; }
rendered_of() { printf '%s/rendered/%s' "$STOCKADE_STATE" "$(tree_of "$1")"; }

# Helm reaches a private control plane on Amazon through the gateway, where there is one.
control_plane_proxy() {
  if [ -n "${STOCKADE_EKS_PROXY:-}" ] && grep -q '"aws_eks_cluster"' "$1"; then export KUBE_PROXY_URL=$STOCKADE_EKS_PROXY; fi
}

# A program of the trusted copy.
trusted() { (cd "$STOCKADE_HOME" && node --require tsx/cjs "$@"); }

# A plan file is followed by a seal: whoever can write beside it, but not read the server's key, can't make another.
seal_key() {
  local key=$STOCKADE_STATE/seal.key
  if [ ! -s "$key" ]; then
    mkdir -p "$STOCKADE_STATE"
    head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n' >"$key.$$"
    ln "$key.$$" "$key" 2>/dev/null || true
    rm -f "$key.$$"
  fi
  cat "$key"
}
seal_of() { { printf '%s\n%s\n' "$PROJECT_NAME" "$HEAD_COMMIT"; cat "$1"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(seal_key)" -r | cut -d' ' -f1; }
seal() { seal_of "$1" >"$1.seal"; }
check_seal() {
  [ -s "$1" ] || die "there is no plan" "Comment: atlantis plan -p $PROJECT_NAME"
  [ "$(cat "$1.seal" 2>/dev/null)" = "$(seal_of "$1")" ] || die "the plan file is not the one that was planned for $PROJECT_NAME at $HEAD_COMMIT" "Comment: atlantis plan -p $PROJECT_NAME"
}
