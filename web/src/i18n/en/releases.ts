import type { Shape } from '../shape';
import type { releases as source } from '../zh/releases';

export const releases: Shape<typeof source> = {
  about: 'The definitions in force. Out of the test environment, compared, into production; secrets and addresses stay.',
  export: 'Export',
  import: 'Import…',
  unreadable: 'This is no export',
  none: 'Nothing was published yet',
  file: 'File',
  comparison: 'What the import would change',
  counts: '{{changed}} files differ, {{same}} do not',
  same: 'The same as the active release',
  change: 'Change',
  changes: { added: 'new', removed: 'removed', changed: 'changed' },
  lines: 'Lines',
  lacks: 'Settings or secrets are missing here; these systems will wait for them',
  system: 'System',
  settings: 'Missing settings',
  secrets: 'Missing secrets',
  addresses: '{{path}} holds addresses, which would be used here too',
  accept: 'I know that systems with something missing cannot be used yet',
  twoPersons: 'Production: a second person approves the import.',
  note: 'Note',
  take: 'Import',
  propose: 'Propose',
  imported: 'It is in force',
  proposed: 'Proposed; a second person approves it under “Second person”',
};
