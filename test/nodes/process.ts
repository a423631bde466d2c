import type { Machine } from './machine';

/** How a process is really held, as the kernel tells it. */
export interface Confinement {
  readonly user: number;
  readonly capabilities: number;
  readonly noNewPrivileges: boolean;
  readonly seccomp: 'none' | 'strict' | 'filter';
  readonly rootReadOnly: boolean;
  readonly secret: { readonly mode: string; readonly owner: number; readonly filesystem: string; readonly writable: boolean };
}

/** @param pid as the machine numbers it @param secret a file, as the process sees it */
export function confinementOf(machine: Machine, pid: number, secret: string): Confinement {
  const run = (...command: string[]): string => machine.namespaces.run(...command);
  const status = run('cat', `/proc/${pid}/status`);
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)![1]!;
  // proc(5), mountinfo: the fifth field is the place, the sixth its options.
  const mounts = run('cat', `/proc/${pid}/mountinfo`).split('\n').map((line) => line.split(' '));
  const optionsAt = (path: string): string[] => mounts.filter((fields) => fields[4] === path).at(-1)![5]!.split(',');
  const [mode, owner] = run('stat', '--format=%a %u', `/proc/${pid}/root${secret}`).trim().split(' ');
  return {
    user: Number(field('Uid')),
    capabilities: Number.parseInt(field('CapEff'), 16),
    noNewPrivileges: field('NoNewPrivs') === '1',
    seccomp: (['none', 'strict', 'filter'] as const)[Number(field('Seccomp'))]!,
    rootReadOnly: optionsAt('/').includes('ro'),
    secret: {
      mode: mode!,
      owner: Number(owner),
      filesystem: run('stat', '--file-system', '--format=%T', `/proc/${pid}/root${secret}`).trim(),
      writable: !optionsAt(`/${secret.split('/')[1]}`).includes('ro'),
    },
  };
}
