import { atLeast, type ReleaseLine, type SupportedReleases } from '../shared';

/** By agave's CHANGELOG.md. */
export const SUPPORTED: SupportedReleases = { client: 'agave', from: { major: 3, minor: 1 }, before: { major: 4, minor: 3 } };

/** From 4.2 on, XDP is on unless told otherwise, and wants CAP_NET_ADMIN and CAP_NET_RAW. */
export const hasXdpByDefault = (release: ReleaseLine): boolean => atLeast(release, { major: 4, minor: 2 });

/** From 4.2 on, the history of votes is `<ledger>/vote_history-<identity>.bin`, and no flag moves it. */
export const remembersVotesInLedger = (release: ReleaseLine): boolean => atLeast(release, { major: 4, minor: 2 });
