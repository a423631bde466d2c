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
# A folder of a pull request that looks like a repository without a working tree is none: git would take its settings, which name programs.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.bareRepository GIT_CONFIG_VALUE_0=explicit

die() {
  printf 'error: %s\n  next: %s\n' "$(seen "$1")" "$(seen "$2")" >&2
  exit 1
}

# One line of what is seen: what a pull request's names hold can't break it, nor turn it around.
seen() {
  local LC_ALL=C
  printf '%s' "${1//[^[:print:]]/?}"
}

# Names that become parts of paths.
safe_name() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$ ]] || die "\"$1\" can't be a name" "Look where it comes from: Atlantis or atlantis.yaml."
}

# What is planned: the content of the checkout, which is the pull request merged into its base.
tree_of() { git -C "$1" rev-parse --verify --quiet 'HEAD^{tree}' || die "$1 is no checkout" "Plan again."; }
rendered_of() { printf '%s/rendered/%s' "$STOCKADE_STATE" "$(tree_of "$1")"; }
# What the trusted copy says of it, as `npm run plan -- --format json` does.
plan_of() { printf '%s/plans/%s.json' "$STOCKADE_STATE" "$(tree_of "$1")"; }

# The Git host. Tests put another program in its place.
github() { "${STOCKADE_GITHUB:-$STOCKADE_HOME/infra/atlantis/server/bin/github}" "$@"; }

# What is removed when the script ends, however it ends.
temporary=()
trap 'rm -rf "${temporary[@]}"' EXIT

# What every step of a project begins with: `begin <workflow>`. It refuses a project, folder or workspace that the reviewed fleet doesn't come to, and sets:
#   top       the checkout's root, which is the pull request's: only git reads there
#   base      the commit that is merged now, asked of the Git host by this very step
#   reviewed  a clone with the tree that was reviewed, byte by byte, for programs of the trusted copy to read: its fleet is "$reviewed/fleet"
# shellcheck disable=SC2034
begin() {
  local workflow=$1
  : "${DIR:?}" "${PLANFILE:?}" "${PROJECT_NAME:?}" "${HEAD_COMMIT:?}" "${BASE_BRANCH_NAME:?}"
  safe_name "$PROJECT_NAME"
  top=$(git -C "$DIR" rev-parse --show-toplevel)
  base=$(merged_of "$top")
  mkdir -p "$STOCKADE_STATE"
  reviewed=$(mktemp -d "$STOCKADE_STATE/reviewed.XXXXXX")
  temporary+=("$reviewed")
  review "$top" "$reviewed"
  known_project "$workflow"
  case $0 in *-apply) guarded_branch ;; esac
}

# Atlantis takes project, folder and workspace from a file of the pull request or from a comment; the trusted copy says which there are.
known_project() {
  trusted atlantis known --root "$reviewed" --workflow "$1" --name "$PROJECT_NAME" --dir "${REPO_REL_DIR:?}" --workspace "${WORKSPACE:?}" >&2
}

# Nothing is applied that could have been pushed after it was approved, or whose plan was refused: the Git host sees to that where the branch's rules say so, and is asked
# whether they do.
guarded_branch() {
  local rules
  rules=$(github rules "$BASE_BRANCH_NAME") || die "the Git host does not say which rules hold for $BASE_BRANCH_NAME" "Apply again when it answers; the server's token needs to read the repository."
  trusted server branch-rules --branch "$BASE_BRANCH_NAME" <<<"$rules" >&2
}

# Main as the Git host has it now. Nothing is judged against a main that may be old: where it can't be asked, nothing is planned or applied.
merged_of() {
  local ref=refs/remotes/origin/$BASE_BRANCH_NAME
  git -C "$1" fetch --quiet --no-tags --no-recurse-submodules origin "+refs/heads/$BASE_BRANCH_NAME:$ref" >&2 || die "the Git host does not say what is merged in $BASE_BRANCH_NAME" "Plan again when it answers."
  git -C "$1" rev-parse --verify --quiet "$ref^{commit}"
}

# The checkout is the pull request merged into main. Where main has moved on, Atlantis merges anew only after the hooks (server/events/working_dir.go at 078d0a8, Clone and
# MergeAgain), so it is done here, as it does it: what people are told of is what is planned then, and what others merged meanwhile is not shown as taken away.
merge_again() {
  if git -C "$1" merge-base --is-ancestor "$2" HEAD; then return; fi
  git -C "$1" -c core.hooksPath=/dev/null reset --quiet --hard "$2" >&2
  git -C "$1" -c core.hooksPath=/dev/null -c user.name=atlantis -c user.email=atlantis@localhost -c commit.gpgSign=false merge --quiet --no-ff -m atlantis-merge "${HEAD_COMMIT:?}" >&2 || {
    git -C "$1" merge --abort >&2 || true
    die "the pull request can't be merged into $BASE_BRANCH_NAME as it is now" "Merge $BASE_BRANCH_NAME into it, and push."
  }
}

# Writes the tree of a commit (of the checkout's own, where none is named) to a folder, as a clone. Attributes that a pull request brings change no byte and leave no file
# out, which is looked at; a link is refused.
review() {
  local commit links
  commit=$(git -C "$1" rev-parse --verify --quiet "${3:-HEAD}^{commit}")
  links=$(git -C "$1" ls-tree -r --full-tree "$commit" | grep -E '^(120000|160000) ' | cut -f2- | head -n 5 || true)
  [ -z "$links" ] || die "the pull request holds a link or a submodule: $(tr '\n' ' ' <<<"$links")" "Commit the file itself."
  git clone --quiet --shared --no-checkout --no-tags "$1" "$2" >&2
  printf '* -text -eol -ident -filter -working-tree-encoding -export-ignore -export-subst\n' >"$2/.git/info/attributes"
  git -C "$2" -c core.symlinks=false -c core.autocrlf=false -c core.hooksPath=/dev/null checkout --quiet --detach "$commit" >&2
  cmp -s <(ids_of_tree "$2") <(ids_of_files "$2") || die "what git wrote is not what was reviewed" "Look for attributes or settings of git on this server that change content."
}
ids_of_tree() { git -C "$1" ls-tree -r -z --full-tree HEAD | tr '\0\n' '\n ' | cut -d' ' -f3 | cut -f1; }
ids_of_files() { (cd "$1" && git ls-tree -r -z --full-tree --name-only HEAD | xargs -0 -r git hash-object --no-filters --); }

# Helm reaches a private control plane on Amazon through the gateway, where there is one.
control_plane_proxy() {
  if [ -n "${STOCKADE_EKS_PROXY:-}" ] && grep -q '"aws_eks_cluster"' "$1"; then export KUBE_PROXY_URL=$STOCKADE_EKS_PROXY; fi
}

# What is kept goes again, and is bounded: Atlantis' lock database is on the same disk. What a step that was killed left behind goes after a day, what was rendered or planned and
# not used after a week; where less is free than two renderings take, the oldest renderings go first, and then nothing is rendered. An apply of what is gone asks for a plan.
make_room() {
  local needed=$((8 << 20)) free oldest kept
  mkdir -p "$STOCKADE_STATE/rendered"
  find "$STOCKADE_STATE" -mindepth 1 -maxdepth 1 -regextype posix-extended -regex '.*/(as|compare|is|pull-request|render|reviewed|was)\.[A-Za-z0-9]{6}' -mmin +1440 -exec rm -rf {} +
  for kept in rendered:1 plans:1 terraform:2; do
    [ ! -d "$STOCKADE_STATE/${kept%:*}" ] || find "$STOCKADE_STATE/${kept%:*}" -mindepth "${kept#*:}" -maxdepth "${kept#*:}" -mmin +10080 -exec rm -rf {} +
  done
  while free=$(df --output=avail -k "$STOCKADE_STATE" | tail -n 1) && [ "$free" -lt "$needed" ]; do
    # What another pull request is being planned from stays.
    oldest=$(find "$STOCKADE_STATE/rendered" -mindepth 1 -maxdepth 1 -mmin +60 -printf '%T@ %p\n' | sort -n | sed -n '1s/^[^ ]* //p')
    [ -n "$oldest" ] || return 0
    rm -rf "$oldest"
  done
}
enough_room() {
  [ "$(df --output=avail -k "$STOCKADE_STATE" | tail -n 1)" -ge $((4 << 20)) ] || die "less than 4 GiB are free on this server's disk" "Close pull requests that are done, or give the disk more room (atlantis.diskGiB in fleet/infrastructure.yaml)."
}

# A command of the trusted copy.
trusted() { (cd "$STOCKADE_HOME" && node cli/stockade.cjs "$@"); }

# What somebody else prints, as it may be shown in a comment: a pull request's code, or Terraform of its text.
shown() { trusted server shown "$@"; }

# A plan file is followed by a seal: whoever can write beside it, but not read the server's key, can't make another. It is of the tree, too: a plan that was made before main
# moved on is none of the pull request merged anew, by a plan of another project say.
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
seal_of() { { printf '%s\n%s\n%s\n' "$PROJECT_NAME" "$HEAD_COMMIT" "$(tree_of "$top")"; cat "$1"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(seal_key)" -r | cut -d' ' -f1; }
seal() { seal_of "$1" >"$1.seal"; }
check_seal() {
  [ -s "$1" ] || die "there is no plan" "Comment: atlantis plan -p $PROJECT_NAME"
  [ "$(cat "$1.seal" 2>/dev/null)" = "$(seal_of "$1")" ] || die "the plan file is not the one that was planned for $PROJECT_NAME at $HEAD_COMMIT, merged as it is now" "Comment: atlantis plan -p $PROJECT_NAME"
}
