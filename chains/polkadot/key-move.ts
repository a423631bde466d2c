import type { KeyMoveFloor } from '../../model/catalogue';

/**
 * An era and a session, in minutes: session keys that are given up keep their duties until the era that was planned with them has ended. Of the
 * relay chains' runtimes (`EpochDuration`, `SessionsPerEra`): six sessions an era, of four hours on Polkadot and of one hour on the others.
 */
const RELAY_CHAIN = { polkadot: 7 * 240, kusama: 7 * 60, westend: 7 * 60, paseo: 7 * 60 } as const;
/** A collator has no eras: its keys are those of a session, of six hours on the system parachains (`Period`). */
const PARACHAIN = 360;
const LONGEST = Math.max(...Object.values(RELAY_CHAIN), PARACHAIN);

export const keyMoveFloor: KeyMoveFloor = {
  minutes: ({ relayChain, parachain }) => {
    const known = typeof relayChain === 'string' && Object.hasOwn(RELAY_CHAIN, relayChain) ? RELAY_CHAIN[relayChain as keyof typeof RELAY_CHAIN] : undefined;
    if (known === undefined) return LONGEST;
    return typeof parachain === 'string' ? PARACHAIN : known;
  },
  longestMinutes: LONGEST,
  reason: 'an era and a session of the relay chain, or a session of a parachain: until then the chain gives duties to the keys that it knew',
};
