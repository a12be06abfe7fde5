import type { Shape } from '../shape';
import type { audit as source } from '../zh/audit';

export const audit: Shape<typeof source> = {
  about: 'Every sign-in, change, act and look at sensitive values. Nothing can be taken out unseen.',
  export: 'Whole log, to verify',
  check: 'Check the log',
  sound: 'Sound: all {{count}} lines follow from one another',
  broken: 'The log was tampered with',
  anchor: 'Its end, to be kept elsewhere: {{anchor}}',
  none: 'Nothing to show',
  number: 'No.',
  at: 'Time',
  actor: 'Who',
  action: 'Action',
  outcome: 'Outcome',
  outcomes: { done: 'done', begun: 'carried out', refused: 'refused', failed: 'failed' },
  subject: 'Of what',
  address: 'From',
  since: 'From',
  until: 'To',
};
