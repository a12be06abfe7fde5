import type { Shape } from '../shape';
import type { deadLetters as source } from '../zh/deadLetters';

export const deadLetters: Shape<typeof source> = {
  title: 'Failed documents',
};
