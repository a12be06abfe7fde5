import type { Shape } from '../shape';
import type { map as source } from '../zh/map';

export const map: Shape<typeof source> = {
  title: 'System map',
};
