// The seven states, the same everywhere: colour, icon and word together, and on drawings a style of line.
// The pairs of colours keep WCAG AA contrast on light and on dark paper.
import {
  CheckCircleFilled,
  ClockCircleFilled,
  CloseCircleFilled,
  MinusCircleFilled,
  PauseCircleFilled,
  PlayCircleFilled,
  WarningFilled,
} from '@ant-design/icons';
import type { ReactNode } from 'react';

import type { Mode } from '../theme';

export const STATES = ['done', 'active', 'failed', 'waiting', 'retrying', 'paused', 'cancelled'] as const;
export type State = (typeof STATES)[number];

export interface Look {
  /** Text on `paper`. */
  ink: string;
  paper: string;
  /** Lines and fills of drawings. */
  line: string;
  dash?: string;
  icon: ReactNode;
}

const LIGHT: Record<State, Look> = {
  done: { ink: '#135200', paper: '#f6ffed', line: '#389e0d', icon: <CheckCircleFilled /> },
  active: { ink: '#003eb3', paper: '#e6f4ff', line: '#0958d9', icon: <PlayCircleFilled /> },
  failed: { ink: '#a8071a', paper: '#fff1f0', line: '#cf1322', dash: '6 3', icon: <CloseCircleFilled /> },
  waiting: { ink: '#434343', paper: '#f5f5f5', line: '#8c8c8c', icon: <ClockCircleFilled /> },
  retrying: { ink: '#873800', paper: '#fff7e6', line: '#ad4e00', dash: '2 3', icon: <WarningFilled /> },
  paused: { ink: '#391085', paper: '#f9f0ff', line: '#531dab', dash: '8 4', icon: <PauseCircleFilled /> },
  cancelled: { ink: '#595959', paper: '#fafafa', line: '#bfbfbf', dash: '1 3', icon: <MinusCircleFilled /> },
};

const DARK: Record<State, Look> = {
  done: { ...LIGHT.done, ink: '#b7eb8f', paper: '#162312', line: '#49aa19' },
  active: { ...LIGHT.active, ink: '#91caff', paper: '#111a2c', line: '#3c89e8' },
  failed: { ...LIGHT.failed, ink: '#ffa39e', paper: '#2a1215', line: '#e84749' },
  waiting: { ...LIGHT.waiting, ink: '#d9d9d9', paper: '#262626', line: '#8c8c8c' },
  retrying: { ...LIGHT.retrying, ink: '#ffd591', paper: '#2b1d11', line: '#d87a16' },
  paused: { ...LIGHT.paused, ink: '#d3adf7', paper: '#1a1325', line: '#854eca' },
  cancelled: { ...LIGHT.cancelled, ink: '#a6a6a6', paper: '#1f1f1f', line: '#5c5c5c' },
};

export function looksOf(mode: Mode): Record<State, Look> {
  return mode === 'dark' ? DARK : LIGHT;
}
