import type { Shape } from '../shape';
import type { proposals as source } from '../zh/proposals';

export const proposals: Shape<typeof source> = {
  about: 'Money documents, rights, releases for production: one person proposes, another approves.',
  none: 'Nothing waits for a second person',
  what: 'What',
  kind: 'Why two',
  kinds: { money: 'Money', production: 'Production', letters: 'Replay', roles: 'Roles' },
  by: 'Proposed by',
  reason: 'Reason',
  since: 'Waiting for',
  approve: 'Approve',
  reject: 'Reject',
  takeBack: 'Take back',
};
