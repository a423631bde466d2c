import { readFileSync } from 'node:fs';
import { MESSAGES, type MessageName } from '../../contract/messages';
import type { ExchangeName } from '../../contract/wire';

/** What every implementation reads, and what each refuses and where. */
export interface Fixtures {
  readonly valid: readonly { readonly says: string; readonly text: string }[];
  readonly invalid: readonly { readonly says: string; readonly text: string; readonly path: string }[];
}

/** What a secret manager holds, and what it answers then. */
export interface Exchanges {
  readonly secrets: Readonly<Record<string, { readonly secret: string; readonly account: string }>>;
  readonly contents: readonly string[];
  /** Token, then the service account that the cluster says it is of. `unanswered`: the cluster says nothing. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly exchanges: readonly {
    readonly says: string;
    readonly exchange: ExchangeName;
    readonly token?: string;
    readonly request: object;
    readonly status: number;
    readonly answer?: object;
    readonly content?: string;
  }[];
}

export const FIXTURES_FOLDER = 'contract/fixtures';
export const messageNames = Object.keys(MESSAGES) as MessageName[];
export const fixture = <T>(name: string): T => JSON.parse(readFileSync(`${FIXTURES_FOLDER}/${name}.json`, 'utf8')) as T;
export const fixturesOf = (message: MessageName): Fixtures => fixture(message);
