import { celString, type Rule } from '../policy';
import { GATEKEEPER_NAMESPACE } from '../../../naming';

export const webhookGuard: Rule = {
  purpose: 'Without its webhook Gatekeeper is asked about nothing.',
  scope: 'cluster',
  judges: 'request',
  nativeOnly: 'Kubernetes asks no webhook about the configuration of webhooks.',
  resources: [{ group: 'admissionregistration.k8s.io', resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'], operations: ['CREATE', 'UPDATE', 'DELETE'] }],
  variables: {
    name: `(object == null ? oldObject : object).metadata.?name.orValue('')`,
  },
  validations: [
    {
      expression:
        `!(variables.name.startsWith('gatekeeper') || variables.name.startsWith('stockade')) || variables.isPlatform || variables.isControlPlane || ` +
        `variables.user.startsWith(${celString(`system:serviceaccount:${GATEKEEPER_NAMESPACE}:gatekeeper-`)})`,
      message: `variables.user + ' may not write the webhook configuration ' + variables.name + ': it follows from apps/policies, and is applied by the identity that builds clusters.'`,
    },
  ],
};
