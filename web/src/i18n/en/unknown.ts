import type { Shape } from '../shape';
import type { unknown as source } from '../zh/unknown';

export const unknown: Shape<typeof source> = {
  title: 'Outcomes to verify',
};
