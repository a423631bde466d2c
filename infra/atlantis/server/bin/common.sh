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

# What is removed when the script ends, however it ends.
temporary=()
trap 'rm -rf "${temporary[@]}"' EXIT

# What every step of a project begins with. It sets:
#   top       the checkout's root, which is the pull request's: only git reads there
#   base      the commit that is merged now, asked of the Git host by this very step
#   reviewed  a clone with the tree that was reviewed, byte by byte, for programs of the trusted copy to read: its fleet is "$reviewed/fleet"
# shellcheck disable=SC2034
begin() {
  : "${DIR:?}" "${PLANFILE:?}" "${PROJECT_NAME:?}" "${HEAD_COMMIT:?}" "${BASE_BRANCH_NAME:?}"
  safe_name "$PROJECT_NAME"
  top=$(git -C "$DIR" rev-parse --show-toplevel)
  base=$(merged_of "$top")
  mkdir -p "$STOCKADE_STATE"
  reviewed=$(mktemp -d "$STOCKADE_STATE/reviewed.XXXXXX")
  temporary+=("$reviewed")
  review "$top" "$reviewed"
}

# Main as the Git host has it now. Nothing is judged against a main that may be old: where it can't be asked, nothing is planned or applied.
merged_of() {
  local ref=refs/remotes/origin/$BASE_BRANCH_NAME
  git -C "$1" fetch --quiet --no-tags --no-recurse-submodules origin "+refs/heads/$BASE_BRANCH_NAME:$ref" >&2 || die "the Git host does not say what is merged in $BASE_BRANCH_NAME" "Plan again when it answers."
  git -C "$1" rev-parse --verify --quiet "$ref^{commit}"
}

# Writes the tree of a checkout's commit to a folder. Attributes that a pull request brings change no byte and leave no file out; a link is refused.
review() {
  local links
  links=$(git -C "$1" ls-tree -r --full-tree HEAD | grep -E '^(120000|160000) ' | cut -f2- | head -n 5 || true)
  [ -z "$links" ] || die "the pull request holds a link or a submodule: $(tr '\n' ' ' <<<"$links")" "Commit the file itself."
  git clone --quiet --shared --no-checkout --no-tags "$1" "$2" >&2
  printf '* -text -eol -ident -filter -working-tree-encoding -export-ignore -export-subst\n' >"$2/.git/info/attributes"
  git -C "$2" -c core.symlinks=false -c core.autocrlf=false -c core.hooksPath=/dev/null checkout --quiet --detach "$(git -C "$1" rev-parse HEAD)" >&2
}

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
