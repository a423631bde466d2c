import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addressOf, publicKeyOf, seedOf } from './fleet';

/** A vote or proposal that a key signed. */
export interface Signed {
  readonly what: 'prevote' | 'precommit' | 'proposal';
  readonly height: number;
  readonly round: number;
  /** Of the block; empty for "none". */
  readonly block: string;
  readonly signature: string;
}

/** A node of the test's chain, as its RPC tells. */
export class CometNode {
  constructor(private readonly address: string) {}

  async status(): Promise<{ readonly height: number; readonly catchingUp: boolean; readonly version: string }> {
    const { sync_info, node_info } = await this.get<{ sync_info: { latest_block_height: string; catching_up: boolean }; node_info: { version: string } }>('status');
    return { height: Number(sync_info.latest_block_height), catchingUp: sync_info.catching_up, version: `v${node_info.version}` };
  }

  async height(): Promise<number> {
    return (await this.status()).height;
  }

  /** Ids of the nodes that it is connected with. */
  async peers(): Promise<string[]> {
    return (await this.get<{ peers: { node_info: { id: string } }[] }>('net_info')).peers.map(({ node_info }) => node_info.id);
  }

  /** Whether a validator's vote is in the commit of a block. */
  async signed(height: number, validator: string): Promise<boolean> {
    const { signed_header } = await this.get<{ signed_header: { commit: { signatures: { validator_address: string; block_id_flag: number }[] } } }>(`commit?height=${height}`);
    const own = addressOf(publicKeyOf(seedOf(`${validator} validator`))).toUpperCase();
    return signed_header.commit.signatures.some(({ validator_address, block_id_flag }) => validator_address === own && block_id_flag === 2);
  }

  /** Evidence of misbehaviour that blocks hold, by their height. */
  async evidence(from: number, to: number): Promise<number> {
    let found = 0;
    for (let height = Math.max(1, from); height <= to; height++) {
      const { block } = await this.get<{ block: { evidence: { evidence: unknown[] } } }>(`block?height=${height}`);
      found += block.evidence.evidence.length;
    }
    return found;
  }

  async metrics(port: number, path: string): Promise<string> {
    return (await fetch(`http://${this.address}:${port}${path}`, { signal: AbortSignal.timeout(5000) })).text();
  }

  private async get<T>(path: string): Promise<T> {
    const response = await fetch(`http://${this.address}:26657/${path}`, { signal: AbortSignal.timeout(5000) });
    const { result, error } = (await response.json()) as { result: T; error?: { data: string } };
    if (error !== undefined) throw new Error(`${path}: ${error.data}`);
    return result;
  }
}

const KINDS = { 1: 'prevote', 2: 'precommit' } as const;

/** A line of CometBFT's own `wal2json`. What a node signed itself has no peer. */
interface WalLine {
  readonly msg: {
    readonly type: string;
    readonly value: {
      readonly peer_key?: string;
      readonly msg?: {
        readonly type: string;
        readonly value: { readonly Vote?: SignedLine & { readonly type: 1 | 2 }; readonly Proposal?: SignedLine };
      };
    };
  };
}
interface SignedLine {
  readonly height: string;
  readonly round: number;
  readonly block_id: { readonly hash: string };
  readonly signature: string;
}

/**
 * Everything that a validator signed, by the journal that CometBFT writes to disk before it sends anything (`cs.wal`). What never left the
 * machine is in it too.
 *
 * @param chainData the validator's chain data, of a node that is stopped: the end of a running one's journal isn't written yet
 */
export async function signedBy(wal2json: string, chainData: string): Promise<Signed[]> {
  const folder = join(chainData, 'data', 'cs.wal');
  const files = readdirSync(folder).filter((name) => /^wal(\.\d+)?$/.test(name)).sort();
  const signed: Signed[] = [];
  for (const file of files) {
    const { stdout } = await promisify(execFile)(wal2json, [join(folder, file)], { maxBuffer: 1 << 29 });
    for (const line of stdout.split('\n')) {
      if (!line.startsWith('{') || !line.includes('"peer_key":""')) continue;
      const { value } = (JSON.parse(line) as WalLine).msg;
      const { Vote, Proposal } = value.msg?.value ?? {};
      const one = Vote ?? Proposal;
      if (value.peer_key !== '' || one === undefined) continue;
      signed.push({ what: Vote ? KINDS[Vote.type] : 'proposal', height: Number(one.height), round: one.round, block: one.block_id.hash, signature: one.signature });
    }
  }
  return signed;
}

/**
 * What a key signed twice: other signatures of the same kind for one height and round. The same one again is none, which is how CometBFT
 * repeats itself after a crash.
 */
export function signedTwice(journals: readonly (readonly Signed[])[]): string[] {
  const seen = new Map<string, Set<string>>();
  for (const { what, height, round, signature } of journals.flat()) {
    const key = `${what} at ${height}/${round}`;
    seen.set(key, (seen.get(key) ?? new Set()).add(signature));
  }
  return [...seen].filter(([, signatures]) => signatures.size > 1).map(([key]) => key);
}
