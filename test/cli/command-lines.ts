/**
 * Command lines of every npm script that is a command of ours: one that goes well, one that is refused, one that is given wrongly; more where a command ends in more ways.
 * `<folder>` is a scratch folder that holds `outputs.json`.
 */
export const LINES: readonly string[] = [
  'synth --no-terraform --node hoodi-ew1-0 --out <folder>/dist',
  'synth --no-terraform --node zzzzzz --out <folder>/dist',
  'synth --fleet <folder>/nope --out <folder>/dist',
  'synth --no-terraform --out <folder>',
  'synth --fleat x',
  'synth --format yaml',
  'synth surplus',
  'synth --help',
  'plan --schema',
  'plan --base HEAD --fleet <folder>/nope',
  'plan --limit 3',
  'keys status',
  'keys status --fleet <folder>/nope',
  'keys place',
  'keys place --node a',
  'keys retire --proof x',
  'keys retire a',
  'keys verify --nope',
  'keys',
  'keys --help',
  'keys nope',
  'manifests plan --cluster x --manifests nope --out <folder>/plan --fleet <folder>/nope',
  'manifests plan',
  'manifests apply --cluster x --plan <folder>/nope',
  'manifests apply --timeout 0',
  'manifests fire --network x --node y --kubeconfig <folder>/nope',
  'manifests stop --network x --node y',
  'manifests resume --network x --node y --kubeconfig <folder>/nope',
  'manifests',
  'manifests --help',
  'atlantis --check --base HEAD',
  'atlantis --check --root <folder>/nope',
  'atlantis --rooot x',
  'atlantis known --root . --workflow keys --name keys --dir infra/projects/keys --workspace default',
  'atlantis known --root . --workflow keys --name nope --dir infra/projects/keys --workspace default',
  'atlantis known',
  'pin --check',
  'pin --network nope',
  'pin --fleet <folder>/nope',
  'pin --timeout 0',
  'pin --mirror x',
  'pin --nope',
  'record --cluster eks-us-east-2 --outputs <folder>/outputs.json --dry-run',
  'record --cluster nope',
  'record --cluster eks-us-east-2 --outputs <folder>/nope',
  'record --cluster eks-us-east-2 --stacks <folder>/nope',
  'record',
  'schema --check',
  'schema --check --out <folder>/nope',
  'schema --nope',
];

export const OUTPUTS = { oidc_issuer: { value: 'https://oidc.eks.us-east-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF', sensitive: false } };

/** How it ended: the exit code, and the last line that was said, without what differs from run to run and from fleet to fleet. */
export interface Ended {
  readonly code: number;
  readonly last: string;
}

export function ended(code: number, stdout: string, stderr: string, folder: string): Ended {
  if (code === 70) return { code, last: '(a stack)' };
  const last = (stderr.trim() || stdout.trim()).split('\n').at(-1)!.trim();
  return { code, last: last.replaceAll(folder, '<folder>').replaceAll(/\d+/g, 'N') };
}
