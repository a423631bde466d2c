import { LABELS, networkNamespace } from '../../../naming';
import { celList, celString, say, type Rule } from '../policy';

/** Every other rule goes by the label of the namespace. */
export const namespaces: Rule = {
  purpose: 'A namespace without its label is one without admission policies; a deleted one takes its disks\' claims with it.',
  scope: 'cluster',
  judges: 'request',
  shape: ['metadata.labels'],
  resources: [
    { group: '', resources: ['namespaces'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: '', resources: ['namespaces/finalize', 'namespaces/status'], operations: ['UPDATE'] },
  ],
  variables: {
    wasProtected: `variables.oldLabels[?${celString(LABELS.protection)}].orValue('') == 'staking'`,
    isStaking: `(object == null ? oldObject : object).metadata.name.startsWith(${celString(networkNamespace(''))})`,
    concerned: `variables.wasProtected || variables.isStaking`,
  },
  validations: [
    {
      expression: `!variables.concerned || request.operation == 'DELETE' || variables.isPlatform || variables.isControlPlane`,
      message: `variables.user + ' may not write a namespace of staking nodes. It follows from the fleet, and is applied by the identity that builds clusters.'`,
    },
    {
      judges: 'object',
      expression: `!variables.concerned || request.operation == 'DELETE' || variables.newLabels[?${celString(LABELS.protection)}].orValue('') == 'staking'`,
      message: say(`the label ${LABELS.protection}: staking stays on a namespace of staking nodes: all policies go by it.`),
    },
    {
      judges: 'object',
      expression: `!variables.concerned || request.operation == 'DELETE' || !('admission.gatekeeper.sh/ignore' in variables.newLabels)`,
      message: say('admission.gatekeeper.sh/ignore would take the namespace out of Gatekeeper\'s sight. Take it off.'),
    },
    {
      expression: `!variables.wasProtected || request.operation == 'DELETE' || ${celList([LABELS.network, LABELS.chain])}.all(label, variables.oldLabels[?label].orValue('') == variables.newLabels[?label].orValue(''))`,
      message: say('a namespace keeps its network and chain: its disks hold that network\'s signing state.'),
    },
    {
      expression: `!variables.concerned || request.operation == 'DELETE' || variables.isPlatform || variables.newLabels.all(key, variables.oldLabels[?key].orValue('') == variables.newLabels[?key].orValue('')) && variables.oldLabels.all(key, key in variables.newLabels)`,
      message: say('labels of a namespace of staking nodes change by a reviewed pull request only.'),
    },
    {
      expression: `request.operation != 'DELETE' || !variables.concerned`,
      message: say('a namespace goes with every PVC in it. Retire its nodes; an empty namespace costs nothing. To be rid of it, first take this policy away, by review.'),
    },
  ],
};
