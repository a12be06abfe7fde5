import type { Shape } from '../shape';
import type { session as source } from '../zh/session';

export const session: Shape<typeof source> = {
  title: 'Sign in',
  why: 'Sign in with the access key that an administrator has given you.',
  chooseRole: 'This is a simulated factory; all of its data is invented. Choose a role to go in with one click:',
  or: 'or use an access key',
  key: 'Access key',
  keyMissing: 'Enter an access key',
  keyFrom: 'An administrator makes the keys; each is shown once.',
  action: 'Sign in',
  refused: 'The hub does not accept this key; it may have expired or been revoked.',
  role: {
    sales: 'Sales',
    planning: 'Planning',
    warehouse: 'Warehouse',
    finance: 'Finance',
    it: 'IT',
    boss: 'Director',
  },
};
