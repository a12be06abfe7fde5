import type { Shape } from '../shape';
import type { licences as zh } from '../zh/licences';

export const licences: Shape<typeof zh> = {
  title: 'About and licences',
  about: 'Lineshaft {{version}}',
  own: 'Lineshaft is free to use, change and pass on under {{licence}}.',
  bpmn: 'Diagrams are drawn by the components of bpmn.io, whose mark stays on every drawing.',
  find: 'Find a part or a licence',
  none: 'Nothing is known of the parts',
  part: 'Part',
  version: 'Version',
  licence: 'Licence',
  inFiles: 'see its files',
  of: 'Of',
  hub: 'the hub',
  console: 'the console',
};
