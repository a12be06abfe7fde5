import type { Shape } from '../shape';
import type { instances as source } from '../zh/instances';

export const instances: Shape<typeof source> = {
  title: 'Process runs',
};
