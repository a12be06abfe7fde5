import type { Shape } from '../shape';
import type { tokens as source } from '../zh/tokens';

export const tokens: Shape<typeof source> = {
  about: 'For programs. Each key is shown once, when it is made.',
  make: 'Make an access key',
  once: 'The access key; it is shown this once',
  none: 'No access keys yet',
  name: 'Name',
  from: 'May be used from',
  anywhere: 'anywhere',
  fromAbout: 'Addresses or networks such as 10.1.0.0/16; empty: from anywhere',
  used: 'Last used',
  ends: 'Ends',
  rotate: 'Rotate',
  end: 'End',
  endSure: 'End this key at once?',
  waits: 'Proposed; once a second person has approved it, rotate it to see its text',
  endsAbout: 'Good until the end of that day; empty: for ever',
  hooks: 'From where webhooks may come',
  hooksAbout: 'A system that is not listed may call from any address; every delivery must be signed all the same. Rules of the configuration and of this list must both allow an address.',
  hook: 'System, or system/hook: crm/orders',
  hookFrom: 'Addresses or networks: 10.1.0.0/16',
  hookBy: 'Set by',
  configured: 'configuration',
  noHooks: 'No limits yet',
  hookSure: 'Remove the rule for {{name}}?',
};
