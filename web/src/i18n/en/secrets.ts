import type { Shape } from '../shape';
import type { secrets as source } from '../zh/secrets';

export const secrets: Shape<typeof source> = {
  about: 'Settings name them as secret:NAME. A value goes in and never comes out; nobody can look at it.',
  set: 'Set a secret',
  reseal: 'Bring under the newest master key',
  resealed: '{{count}} brought over',
  none: 'No secret was set here yet',
  name: 'Name',
  nameAbout: 'Small letters, digits and _, beginning with a letter',
  version: 'Version',
  setAt: 'Set',
  setBy: 'By',
  key: 'Master key',
  state: 'State',
  good: 'Good',
  rotate: 'Replace',
  rotateTitle: 'Replace the secret {{name}}',
  value: 'New value',
  valueAbout: 'It counts at once and cannot be looked at again',
  valueMissing: 'Give a value',
  remove: 'Forget',
  removeSure: 'Forget the secret {{name}}? Systems that use it will not be connected.',
};
