import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ControlPlane } from '../cluster/control-plane';
import { withSbin } from './binaries';

/**
 * Namespaces of the kernel that one process holds open. When it ends, by us or by the control plane's watchdog, they end, and with a
 * process namespace everything that runs in it.
 */
export class Namespaces {
  private constructor(
    private readonly controlPlane: ControlPlane,
    private readonly name: string,
    /** Process 1 of the namespaces, as this machine numbers it. */
    readonly pid: number,
    private readonly kinds: readonly Kind[],
  ) {}

  static async create(controlPlane: ControlPlane, name: string, kinds: readonly Kind[]): Promise<Namespaces> {
    const isolated = kinds.includes('pid');
    const args = [...kinds.map((kind) => `--${kind}`), ...(isolated ? ['--fork', '--kill-child', '--mount-proc', '--propagation', 'private'] : [])];
    let pid: number | undefined;
    // A shell collects what it was not the parent of, as a process 1 must.
    await controlPlane.runBesideUntil({ name, binary: 'unshare', args: [...args, '/bin/sh', '-c', 'while :; do sleep 3600 & wait $!; done'], env: withSbin(process.env) }, async () => {
      const holder = controlPlane.pids()[name]!;
      pid = isolated ? childOf(holder) : holder;
      // Not before it left the namespaces that it was started in.
      return pid !== undefined && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sh';
    });
    return new Namespaces(controlPlane, name, pid!, kinds);
  }

  /** The command that runs another one inside. */
  enter(...command: readonly string[]): { readonly binary: string; readonly args: readonly string[] } {
    return { binary: 'nsenter', args: [`--target=${this.pid}`, ...this.kinds.map((kind) => `--${kind}`), '--', ...command] };
  }

  /** Runs a short command inside. */
  run(...command: readonly string[]): string {
    const { binary, args } = this.enter(...command);
    return execFileSync(binary, args, { env: withSbin(process.env), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** The same, for what takes longer: everybody else is served meanwhile. */
  async runLong(...command: readonly string[]): Promise<string> {
    const { binary, args } = this.enter(...command);
    return (await promisify(execFile)(binary, args, { env: withSbin(process.env), maxBuffer: 1 << 26 })).stdout;
  }

  /** Ends it at once, with all that runs in it: a power cut. */
  async end(): Promise<void> {
    await this.controlPlane.halt(this.name, 'SIGKILL');
  }
}

export type Kind = 'net' | 'mount' | 'pid' | 'uts' | 'ipc';

/** The process that another one started, as this machine numbers it. */
export function childOf(pid: number): number | undefined {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return undefined;
  const [child] = readFileSync(file, 'utf8').trim().split(' ');
  return child ? Number(child) : undefined;
}
