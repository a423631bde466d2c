// A stand-in for kubectl and the API server behind it: objects are in one JSON file, nothing is judged. Only what `apps/deploy` asks is answered.
// As a program: node kubectl.cjs <state file> <arguments of kubectl>. In a test: the function, which starts no process.
const { readFileSync, writeFileSync } = require('node:fs');

module.exports = { kubectl };

const plural = (kind) => kind.toLowerCase().replace(/y$/, 'ie').replace(/s$/, 'se') + 's';
const rootOf = (apiVersion) => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
const pathOf = ({ apiVersion, kind, metadata }) => `${rootOf(apiVersion)}${metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`}/${plural(kind)}`;
const nameOf = (object) => `${pathOf(object)}/${object.metadata.name}`;

function kubectl(state, given, input) {
  const world = JSON.parse(readFileSync(state, 'utf8'));
  const args = given.filter((arg) => !arg.startsWith('--kubeconfig='));
  const ended = (code, stdout, stderr = '') => ({ code, stdout, stderr });
  if (world.says !== undefined) return ended(1, '', world.says);
  if (args[0] === 'apply') return ended(0, JSON.stringify({ kind: 'List', items: apply(world, JSON.parse(input()).items, args.includes('--dry-run=server') ? undefined : state) }));
  const found = args[0] === 'get' ? get(world, new URL(args[2], 'http://x')) : undefined;
  return found === undefined ? ended(1, '', 'Error from server (NotFound): it is not there') : ended(0, JSON.stringify(found));
}

function get({ objects, kinds }, { pathname, searchParams }) {
  const resources = kinds.filter(({ apiVersion }) => rootOf(apiVersion) === pathname);
  if (resources.length > 0) return { resources: resources.map(({ kind, namespaced }) => ({ kind, name: plural(kind), namespaced })) };
  const selector = searchParams.get('labelSelector')?.split('=');
  const items = objects.filter((object) => pathOf(object) === pathname && (selector === undefined || object.metadata.labels?.[selector[0]] === selector[1]));
  return objects.find((object) => nameOf(object) === pathname) ?? (items.length > 0 || !pathname.endsWith('/kube-system') ? { items } : undefined);
}

/** Without a state file it is a dry run. */
function apply(world, items, state) {
  const done = items.map((item) => {
    const before = world.objects.find((object) => nameOf(object) === nameOf(item));
    const generation = (before?.metadata.generation ?? 0) + 1;
    const status = item.kind === 'ResourceQuota' ? { hard: item.spec.hard } : { observedGeneration: generation };
    return { ...item, metadata: { ...item.metadata, uid: before?.metadata.uid ?? `uid-of-${item.metadata.name}`, generation }, status };
  });
  const names = new Set(done.map(nameOf));
  if (state !== undefined) writeFileSync(state, JSON.stringify({ ...world, objects: [...world.objects.filter((object) => !names.has(nameOf(object))), ...done] }));
  return done;
}

if (require.main === module) {
  const [state, ...args] = process.argv.slice(2);
  const { code, stdout, stderr } = kubectl(state, args, () => readFileSync(0, 'utf8'));
  process.stderr.write(stderr);
  process.stdout.write(stdout, () => process.exit(code));
}
