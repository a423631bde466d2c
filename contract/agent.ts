/**
 * The contract of the secret agent, which runs beside every client: what it is started with, what it finds and
 * writes, what it answers. The program is built to this module; so are its stand-ins in tests.
 *
 * One image, three ways to run it, each with `--config=`{@link AGENT.configFile}:
 *
 * - `guard` (init container, where there is signing state): reads the marker {@link AGENT.marker} at the root of the
 *   signing volume. Exit 0 if it names this node and component. Where it is missing: with `firstStart` and a
 *   volume that is empty but for `lost+found`, writes it and exits 0; else exits 3. Another node's marker: exits 4. Writes nothing else.
 * - `prepare` (init container, where there are steps): carries out the configuration's `prepare` in order. `fetch` asks
 *   the secret manager's relay for public content by its sha256, refuses other content and never overwrites right
 *   content. Exit 5 if a step fails.
 * - `serve` (native sidecar): writes every secret, with mode `secretMode`, to memory; only then answers 200 on `/started`, so that
 *   Kubernetes starts the client after it. Answers for the client on `/live` and `/ready` (200 or 503). When its claim on a
 *   key can not be renewed it ends the client's processes and wipes the secrets folder before the claim runs out.
 *   Without secrets it only serves health, and has no token.
 *
 * Its configuration is judged by `agent-config.ts`, what it says to the secret manager by `wire.ts`. A configuration that is not to the contract: exit 1, in all three.
 *
 * The secret manager is known by the CA that the agent's image carries. `prepare` has no token and needs none: it asks for content by checksum alone, and the
 * service fetches only what the fleet declares. Secrets that name one file (`prysm-wallet`) are merged into it, in their order.
 *
 * It never writes a secret to a disk, a log, an argument or the environment.
 */
export const AGENT = {
  containerName: 'secret-agent',
  guardName: 'signing-state-guard',
  prepareName: 'prepare',
  clientContainerName: 'client',
  healthPort: 9440,
  healthPortName: 'agent-health',
  paths: { started: '/started', live: '/live', ready: '/ready' },
  exitCodes: { unusable: 1, signingStateMissing: 3, otherNode: 4, prepareFailed: 5 },
  configFolder: '/stockade/config',
  configFile: '/stockade/config/agent.json',
  configKey: 'agent.json',
  tokenFolder: '/stockade/token',
  tokenFile: '/stockade/token/token',
  /** Shortest lifetime that Kubernetes grants a projected token. */
  tokenSeconds: 600,
  marker: '.stockade-node',
  /** Most memory that a component's secrets may take. */
  secretsMiB: 16,
  /** What the agent needs after the client's own grace to give its claim back. */
  shutdownMarginSeconds: 30,
} as const;
