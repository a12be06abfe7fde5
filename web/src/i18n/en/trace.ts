import type { Shape } from '../shape';
import type { trace as source } from '../zh/trace';

export const trace: Shape<typeof source> = {
  title: 'Order trail',
};
