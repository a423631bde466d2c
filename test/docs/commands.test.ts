import { beforeAll, describe, expect, it } from 'vitest';
import { commandsOf, shellWords, type DocumentedCommand } from './commands';
import { describeFault, page, readPages, type Fault } from './pages';
import { formFault, hasKubectl, kubectlProblem, ownProgramFaults } from './programs';

const commands = readPages().flatMap(commandsOf);
const of = (from: readonly DocumentedCommand[], ...programs: string[]): readonly DocumentedCommand[] => from.filter(({ args: [program] }) => programs.includes(program!));
const bad = (text: string): readonly DocumentedCommand[] => commandsOf(page('docs/runbooks/bad.md', `\`\`\`\n${text}\n\`\`\`\n`));

/** A few at a time: each is a process of its own. */
async function inTurn<T>(items: readonly T[], judge: (item: T) => Promise<Fault | undefined>, width = 3): Promise<Fault[]> {
  const left = [...items];
  const found: Fault[] = [];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      const fault = await judge(item);
      if (fault) found.push(fault);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return found.sort((a, b) => (describeFault(a) < describeFault(b) ? -1 : 1));
}

describe('commands of pages', () => {
  it('are found', () => {
    expect(of(commands, 'npm').length).toBeGreaterThan(30);
    expect(of(commands, 'kubectl').length).toBeGreaterThan(15);
    expect(of(commands, 'gcloud', 'aws').length).toBeGreaterThan(15);
  });

  it('our own are accepted by the very programs', async () => {
    expect((await ownProgramFaults(of(commands, 'npm', 'npx'))).map(describeFault)).toEqual([]);
  });

  it("the clouds', Terraform's and Atlantis' are of a form that was looked up", () => {
    expect(of(commands, 'gcloud', 'aws', 'terraform', 'atlantis').flatMap((command) => formFault(command) ?? []).map(describeFault)).toEqual([]);
  });
});

describe("kubectl's, as it reads them itself", () => {
  let there = false;
  beforeAll(async () => {
    there = await hasKubectl();
  });
  const fault = async ({ page: path, line, text, args }: DocumentedCommand): Promise<Fault | undefined> => {
    const problem = await kubectlProblem(args.slice(1));
    return problem === undefined ? undefined : { page: path, line, problem: `\`${text}\`: ${problem}` };
  };

  it('every flag is one that the verb takes', async ({ skip }) => {
    skip(!there, 'there is no kubectl on the PATH');
    expect((await inTurn(of(commands, 'kubectl'), fault)).map(describeFault)).toEqual([]);
  });

  it('control: a flag that a verb lacks is found', async ({ skip }) => {
    skip(!there, 'there is no kubectl on the PATH');
    const found = await inTurn(bad('kubectl drain x --ignore-daemon-sets\nkubectl patch statefulset x --marge -p {}\nkubectl drain x --ignore-daemonsets'), fault);
    expect(found.map(({ line }) => line)).toEqual([2, 3]);
  });
});

describe('control: commands that are wrong', () => {
  it('of our own', async () => {
    const wrong = [
      'npm run key -- status', // no such script
      'npm run keys -- move x', // no such subcommand
      'npm run keys -- retire x', // without its proof
      'npm run keys -- place --node x/y --hurry', // no such option
      'npm run manifests -- stop --network x --node y', // without a reason
      'npm run manifests -- fire --network x --node y --timeout soon', // no number
      'npm run keys status', // npm would swallow its options
      'npm run golden -- --now', // takes none
      'npx vitest run test/nowhere.test.ts',
      'npx stockade keyz status', 'npx stockadd',
    ];
    const found = await ownProgramFaults(bad(wrong.join('\n')));
    expect(found.map(({ line }) => wrong[line - 2]).sort()).toEqual([...wrong].sort());
  });

  it('of the clouds', () => {
    const found = bad('gcloud container clusters get-credentials x --location y --dns-endpoint\ngcloud container clusters get-credentials x --dns\naws eks enter-cluster\natlantis apply -p x -- -target=y').flatMap((command) => formFault(command) ?? []);
    expect(found.map(({ line }) => line)).toEqual([3, 4, 5]);
  });

  it('words are cut as a shell cuts them', () => {
    expect(shellWords(`npm run manifests -- stop --node <node> --why "<who>: <why>" [--all]`)).toEqual(['npm', 'run', 'manifests', '--', 'stop', '--node', 'x', '--why', 'x: x', '--all']);
    expect(shellWords(`kubectl patch pdb x -p '{"spec":{"maxUnavailable":1}}'`).at(-1)).toBe('{"spec":{"maxUnavailable":1}}');
    expect(shellWords(`--query "Reservations[].Instances[].InstanceId"`).at(-1)).toBe('Reservations[].Instances[].InstanceId');
  });
});
