import { describe, expect, it } from 'vitest';
import { commandsOf } from './commands';
import { refusedActs, writes } from './gates';
import { describeFault, page, readPages, RUNBOOKS } from './pages';

describe('runbooks agree with the gates', () => {
  const commands = readPages()
    .filter(({ path }) => path.startsWith(RUNBOOKS))
    .flatMap(commandsOf);

  it('which have such commands', () => {
    expect(writes(commands).length).toBeGreaterThan(12);
  });

  it('each writing command names somebody who may do it, by the roles and by the policies', () => {
    expect(refusedActs(commands).map(describeFault)).toEqual([]);
  });
});

describe('control', () => {
  const judge = (text: string) => refusedActs(commandsOf(page('docs/runbooks/bad.md', text))).map(({ problem }) => problem.replace(/^`[^`]*`: /, ''));

  it.each([
    ['nobody named', '1. Now `kubectl -n x delete statefulset <node>-execution`.', 'nobody is named who does it; rolloutEngine, breakGlass may'],
    ['not theirs by the roles', 'An operator: `kubectl -n x delete statefulset <node>-execution`', 'operator may not do it; rolloutEngine, breakGlass may'],
    ['not theirs by a policy', "An operator: `kubectl -n x patch statefulset <node>-execution -p '{\"spec\":{\"template\":{}, \"minReadySeconds\":5}}'`", 'operator may not do it; deployer, rolloutEngine, breakGlass, platform may'],
    ['a stop by the deployer', "The deployer: `kubectl -n x patch statefulset y -p '{\"spec\":{\"replicas\":0}}'`", 'deployer may not do it; operator, rolloutEngine, breakGlass may'],
    ['a forced deletion by an operator', 'An operator: `kubectl -n x delete pod y --grace-period=0 --force`', 'operator may not do it; breakGlass may'],
    ['an orphaned pod', 'Break-glass: `kubectl -n x delete statefulset y --cascade=orphan`', 'breakGlass may not do it; nobody may'],
    ['a proof that names no machine', 'Break-glass: `kubectl -n x annotate pod y stockade.dev/machine-ended="it is gone"`', 'breakGlass may not do it; nobody may'],
    ['a drain past the budgets', 'Break-glass: `kubectl drain <machine> --disable-eviction`', 'breakGlass may not do it; nobody may'],
    ['a PVC', 'Break-glass: `kubectl -n x delete pvc y`', 'breakGlass may not do it; dataCustodian may'],
    ['said to be refused, and is not', '`kubectl -n x scale statefulset y --replicas=0` is refused.', 'is said to be refused, and operator, rolloutEngine, breakGlass may do it'],
    ['an act that this test does not know', 'Break-glass: `kubectl taint node x a=b`', 'test/docs/gates.ts doesn\'t know what "taint node" asks for: say it there'],
  ])('%s is found', (_, text, problem) => {
    expect(judge(text)).toEqual([problem]);
  });

  it('what they may do passes, whoever else is named on the page', () => {
    const text = [
      '# A page',
      'For break-glass.',
      "1. An operator lifts it: `kubectl -n x patch pdb y --type=merge -p '{\"spec\":{\"maxUnavailable\":1}}'`",
      '2. `kubectl drain <machine> --ignore-daemonsets`, then an operator sets it back.',
      '3. `kubectl -n x scale statefulset y --replicas=2` is refused, by cluster admin too.',
      '4. See `kubectl get pv`, and that nobody uses `kubectl scale`.',
    ].join('\n\n');
    expect(judge(text.replace('then an operator sets it back', 'then it is set back'))).toEqual([]);
    expect(judge(text)).toEqual([expect.stringMatching(/^operator may not do it/)]);
  });
});
