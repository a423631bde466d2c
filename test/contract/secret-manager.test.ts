import { describe, expect, it } from 'vitest';
import { readMessage } from '../../contract/messages';
import { EXCHANGES, REFUSALS, type ExchangeName } from '../../contract/wire';
import { StandInSecretManager, type Asked } from '../nodes/secret-manager';
import { fixture, fixturesOf, type Exchanges } from './fixtures';

const { secrets, contents, tokens, exchanges } = fixture<Exchanges>('exchanges');

function standIn(): StandInSecretManager {
  const manager = new StandInSecretManager(async (token) => {
    if (token === 'unanswered') throw new Error('the cluster is away');
    return tokens[token] === undefined ? undefined : { account: tokens[token], pod: 'uid' };
  });
  for (const [source, { secret, account }] of Object.entries(secrets)) manager.keep(source, { raw: Buffer.from(secret, 'base64'), account });
  contents.forEach((content) => manager.publish(content));
  return manager;
}

const asked = (exchange: ExchangeName, body: string, more: Partial<Asked> = {}): Asked => ({ method: 'POST', path: EXCHANGES[exchange].path, body, ...more });

describe('the stand-in of the secret manager speaks to the contract', () => {
  it.each(exchanges)('$says', async ({ exchange, token, request, status, answer, content }) => {
    const answered = await standIn().answer(asked(exchange, JSON.stringify(request), { token }));
    expect(answered).toEqual({ status, body: content ?? JSON.stringify(answer) });
    if (answer !== undefined) readMessage(status === 200 ? 'secret-answer' : 'refusal', answered.body);
  });

  it('every exchange is told of, and every refusal but of what nobody may send', () => {
    expect([...new Set(exchanges.map(({ exchange }) => exchange))].sort()).toEqual(Object.keys(EXCHANGES).sort());
    const told = exchanges.flatMap(({ answer }) => (answer as { error?: { code: string } } | undefined)?.error?.code ?? []);
    expect(Object.keys(REFUSALS).filter((code) => !told.includes(code)).sort()).toEqual(['malformed', 'unknownRequest']);
  });

  it.each((['secret-request', 'public-request'] as const).flatMap((message) => fixturesOf(message).invalid.map((one) => ({ ...one, message }))))(
    '$message is malformed where it has $says, whoever asks, and nothing is handed out',
    async ({ message, text }) => {
      const manager = standIn();
      const { status, body } = await manager.answer(asked(message === 'secret-request' ? 'secret' : 'public', text, { token: 'own' }));
      expect([status, readMessage('refusal', body).error.code]).toEqual([400, 'malformed']);
      expect(manager.handedOut).toEqual([]);
    },
  );

  it.each([
    ['another version', { path: '/v2/secret' }],
    ['another method', { method: 'GET' }],
    ['what the first stand-ins asked', { method: 'GET', path: '/secret?source=x' }],
    ['a question behind the path', { path: '/v1/secret?source=x' }],
  ])('%s is an unknown request', async (_, more) => {
    const { status, body } = await standIn().answer(asked('secret', JSON.stringify(exchanges[0]!.request), { token: 'own', ...more }));
    expect([status, readMessage('refusal', body).error.code]).toEqual([404, 'unknownRequest']);
  });
});
