import { AGENT } from '../../../contract/agent';
import { SECRET_MANAGER } from '../../../naming';
import { celString, say, type Rule } from '../policy';

export const sessions: Rule = {
  purpose: 'Whoever is inside a signer\'s pod, or has its token, has its keys.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: '', resources: ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'], operations: ['CONNECT'] },
    { group: '', resources: ['serviceaccounts/token'], operations: ['CREATE'] },
  ],
  variables: {
    isToken: `request.operation == 'CREATE'`,
  },
  validations: [
    {
      expression: `variables.isToken || (variables.isBreakGlass && variables.subresource != 'proxy')`,
      message: `variables.user + ' may not open a session with a staking pod. Logs and metrics tell what it does; break-glass may exec, attach and port-forward.'`,
    },
    {
      expression: `!variables.isToken || variables.isBreakGlass || variables.isKubelet`,
      message: `variables.user + ' may not have a token of a staking service account: the secret manager gives keys for it.'`,
    },
    {
      expression: `!variables.isToken || variables.isKubelet || (object.spec.?audiences.orValue([]) == [${celString(SECRET_MANAGER.audience)}] && object.spec.?expirationSeconds.orValue(3600) <= ${AGENT.tokenSeconds})`,
      message: say(`a token is for the agent's audience and lives no longer than the agent's own: --audience ${SECRET_MANAGER.audience} --duration ${AGENT.tokenSeconds}s.`),
    },
  ],
};
