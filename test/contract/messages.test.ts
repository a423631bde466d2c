import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { AGENT } from '../../contract/agent';
import { contractSchemas } from '../../contract/json-schema';
import { MESSAGES, readMessage, UnreadableMessage, type MessageName } from '../../contract/messages';
import { EXCHANGES, REFUSALS } from '../../contract/wire';
import { fixture, FIXTURES_FOLDER, fixturesOf, messageNames } from './fixtures';

const refusalOf = (message: MessageName, text: string): UnreadableMessage | undefined => {
  try {
    readMessage(message, text);
    return undefined;
  } catch (error) {
    if (error instanceof UnreadableMessage) return error;
    throw error;
  }
};

describe.each(messageNames)('the message %s', (message) => {
  const { valid, invalid } = fixturesOf(message);

  it.each(valid)('is read where it is $says', ({ text }) => {
    expect(readMessage(message, text)).toEqual(JSON.parse(text));
  });

  it.each(invalid)('is refused where it has $says', ({ text, path }) => {
    expect(refusalOf(message, text)?.path).toBe(path);
  });

  it('has fixtures that are read and fixtures that are refused', () => {
    expect(valid.length).toBeGreaterThan(0);
    expect(invalid.length).toBeGreaterThan(2);
  });
});

describe('reading', () => {
  it('control: without the look at the text, what two readers take differently is read', () => {
    const taken = fixturesOf('agent-config').invalid.filter(({ text }) => {
      try {
        return MESSAGES['agent-config'].safeParse(JSON.parse(text)).success;
      } catch {
        return false;
      }
    });
    expect(taken.map(({ says }) => says)).toEqual([
      'a version that is a fraction to some',
      'a number with an exponent',
      'a member twice, of which the last counts',
      'a member twice, once with an escape',
      'a claim twice',
      'a header in two cases',
      'a header that JavaScript keeps for itself',
    ]);
  });

  it('refuses what is far too long as that, in whatever way it is written', () => {
    for (const text of ['A'.repeat(2 ** 24), '\\u0041'.repeat(2 ** 23)]) expect(refusalOf('secret-answer', `{"secret":"${text}"}`)?.message).toContain('is refused: Too big');
    // The control: as long as may be, it is read.
    expect(refusalOf('secret-answer', `{"secret":"${'A'.repeat(2 ** 20)}"}`)).toBeUndefined();
  });

  it('says where and what is allowed, and never what was there', () => {
    const secret = 'c3VwZXJzZWNyZXQ';
    for (const text of [`{"secret":"${secret}"}`, `{"secret":"${secret}", ${secret}}`, `{"secret":"${secret}=","secret":"${secret}="}`, `{"secret":["${secret}"]}`]) {
      const refusal = refusalOf('secret-answer', text);
      expect(refusal?.message).toMatch(/of the secret-answer|^The secret-answer/);
      expect(refusal?.message).toContain('contract/secret-answer.schema.json says what is allowed');
      expect(JSON.stringify({ ...refusal, message: refusal?.message })).not.toContain(secret);
    }
  });
});

describe('what is committed', () => {
  const committed = readdirSync('contract').filter((name) => name.endsWith('.schema.json'));

  it('are the JSON Schemas of all messages: `npm run schema` writes them', () => {
    expect(Object.fromEntries(committed.map((name) => [name, readFileSync(`contract/${name}`, 'utf8')]))).toEqual(
      Object.fromEntries(Object.entries(contractSchemas()).map(([name, schema]) => [name, `${JSON.stringify(schema, null, 2)}\n`])),
    );
  });

  it('has no pattern that another language reads otherwise', () => {
    const patterns = committed.flatMap((name) => [...readFileSync(`contract/${name}`, 'utf8').matchAll(/"pattern": (".*")/g)].map(([, text]) => JSON.parse(text!) as string));
    expect(patterns.length).toBeGreaterThan(20);
    // RE2 has neither lookaround nor backreferences; classes such as \s and \d are other characters elsewhere.
    const foreign = (pattern: string): boolean => /\(\?|\\[a-wyzA-Z1-9]/.test(pattern) || !/^\^[ -~]*\$$/.test(pattern);
    expect(patterns.filter(foreign)).toEqual([]);
    expect(['^(?!a)b$', '^\\s$', '^(a)\\1$', 'unanchored', '^é$'].filter(foreign)).toHaveLength(5);
  });

  it('has fixtures of every message, and of nothing else', () => {
    expect(readdirSync(FIXTURES_FOLDER).sort()).toEqual([...messageNames, 'agent', 'exchanges'].map((name) => `${name}.json`).sort());
  });

  it('holds what an agent is started with, finds and answers', () => {
    const { marker, healthPort, paths, exitCodes } = AGENT;
    expect(fixture('agent')).toEqual({ marker, healthPort, paths, exitCodes, requests: Object.fromEntries(Object.entries(EXCHANGES).map(([name, { path }]) => [name, path])) });
  });

  it('holds a refusal of every code', () => {
    expect(fixturesOf('refusal').valid.map(({ text }) => (JSON.parse(text) as { error: { code: string } }).error.code).sort()).toEqual(Object.keys(REFUSALS).sort());
  });
});
