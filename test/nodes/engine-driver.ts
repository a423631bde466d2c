import { createHmac } from 'node:crypto';

interface Payload {
  readonly parentHash: string;
  readonly blockHash: string;
  readonly blockNumber: string;
  readonly timestamp: string;
}

export interface Block {
  readonly hash: string;
  readonly number: string;
  readonly timestamp: string;
}

/** Consensus' seconds between blocks. */
const SLOT_SECONDS = 12;
const ZERO = `0x${'0'.repeat(64)}`;

/**
 * The least of a consensus client: it asks an execution client for blocks and makes them its head, over the Engine API and with its JWT, so
 * that the client's flow is the real one. It agrees with nobody: who signs blocks on the beacon chain is not the execution client's matter.
 * Blocks follow their parent by a slot, which on hoodi keeps the first million of them in the Cancun fork (methods V3).
 */
export class EngineDriver {
  constructor(
    private readonly address: string,
    private readonly secret: Buffer,
  ) {}

  /** Status and body of a call of the Engine API. */
  async engine(method: string, params: readonly unknown[], secret = this.secret): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://${this.address}:8551`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token(secret)}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: response.status, text: await response.text() };
  }

  /** A call of the open JSON-RPC. */
  async rpc<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    const response = await fetch(`http://${this.address}:8545`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(10_000),
    });
    return resultOf<T>(method, await response.text());
  }

  async height(): Promise<number> {
    return Number(await this.rpc<string>('eth_blockNumber'));
  }

  block(number: number | 'latest'): Promise<Block> {
    return this.rpc<Block>('eth_getBlockByNumber', [typeof number === 'number' ? `0x${number.toString(16)}` : number, false]);
  }

  /** Has blocks made, one after the other. @returns the head then */
  async advance(blocks: number): Promise<number> {
    for (let made = 0; made < blocks; made++) await this.makeBlock();
    return this.height();
  }

  private async makeBlock(): Promise<void> {
    const head = await this.block('latest');
    const { payloadId } = await this.choose(head.hash, {
      timestamp: `0x${(Number(head.timestamp) + SLOT_SECONDS).toString(16)}`,
      prevRandao: ZERO,
      suggestedFeeRecipient: `0x${'0'.repeat(39)}1`,
      withdrawals: [],
      parentBeaconBlockRoot: ZERO,
    });
    const { executionPayload } = await this.demand<{ executionPayload: Payload }>('engine_getPayloadV3', [payloadId]);
    const { status, validationError } = await this.demand<{ status: string; validationError?: string }>('engine_newPayloadV3', [executionPayload, [], ZERO]);
    if (status !== 'VALID') throw new Error(`the client finds its own block ${status}: ${validationError ?? ''}`);
    await this.choose(executionPayload.blockHash);
  }

  /** Tells the client what its head is, as a consensus client does before anything else. */
  async choose(head: string, attributes: object | null = null): Promise<{ readonly payloadId?: string }> {
    const reply = await this.demand<{ payloadStatus: { status: string }; payloadId?: string }>('engine_forkchoiceUpdatedV3', [
      { headBlockHash: head, safeBlockHash: ZERO, finalizedBlockHash: ZERO },
      attributes,
    ]);
    if (reply.payloadStatus.status !== 'VALID') throw new Error(`the client finds the head ${reply.payloadStatus.status}`);
    return reply;
  }

  private async demand<T>(method: string, params: readonly unknown[]): Promise<T> {
    const { status, text } = await this.engine(method, params);
    if (status !== 200) throw new Error(`${method}: ${status} ${text}`);
    return resultOf<T>(method, text);
  }
}

function resultOf<T>(method: string, text: string): T {
  const { result, error } = JSON.parse(text) as { result: T; error?: { message: string } };
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}

/** HS256 with the time of issue, as the Engine API wants it. */
function token(secret: Buffer): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat: Math.floor(Date.now() / 1000) })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
