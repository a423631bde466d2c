/** Why nobody was reached, in a person's words, from what kubectl and the clouds' own programs said. */
export const whyUnreached = (said: string): string => REASONS.find(({ words }) => words.test(said))?.why ?? 'the API server does not answer';

/** The first that fits. */
const REASONS: readonly { readonly words: RegExp; readonly why: string }[] = [
  { words: /localhost:8080|127\.0\.0\.1:8080|\[::1\]:8080|no configuration has been provided|current-context .*not/i, why: 'no kubeconfig says which cluster is meant' },
  { words: /error loading config file|invalid configuration|couldn't get version\/kind|yaml: /i, why: "the kubeconfig can't be read" },
  { words: /exec: executable .* not found|executable file not found/i, why: 'the program that the kubeconfig takes credentials from is not installed' },
  { words: /Unauthorized|must be logged in|getting credentials|exec: executable .* failed|(token|credentials?|session|certificate) .*expired|ExpiredToken|invalid_grant|reauthenticat/i, why: 'the API server does not take these credentials, or there are none: they may have expired' },
  { words: /x509: /i, why: 'the API server is not the one that the kubeconfig trusts' },
];
