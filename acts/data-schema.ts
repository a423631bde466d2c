import { refuse } from '../errors/user-error';
import type { Live } from '../kube/objects';
import { ANNOTATIONS } from '../naming';

/**
 * The form of the data that the client of an applied StatefulSet writes: a client of another schema may not read it. It is that of the template that was
 * applied; a pod that was not fired yet may be of the one before.
 *
 * @returns undefined where it does not say @throws UserError where it says something else than a number
 */
export function dataSchemaOf(live: Live): number | undefined {
  const text = live.metadata.annotations?.[ANNOTATIONS.dataSchema];
  if (text === undefined) return undefined;
  if (!/^(0|[1-9][0-9]{0,8})$/.test(text)) refuse(`StatefulSet ${live.metadata.namespace}/${live.metadata.name} has the annotation ${ANNOTATIONS.dataSchema}: ${JSON.stringify(text)}, which is no number of a data schema`, 'Apply the fleet: synth renders it.');
  return Number(text);
}
