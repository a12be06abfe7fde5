// State is colour, icon and word together; the pairs of colours keep WCAG AA contrast.
import {
  CheckCircleFilled,
  ClockCircleFilled,
  CloseCircleFilled,
  PauseCircleFilled,
  QuestionCircleFilled,
  WarningFilled,
} from '@ant-design/icons';
import { Tag } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import type { State } from '../api/status';

const LOOKS: Record<State, { ink: string; paper: string; icon: ReactNode }> = {
  ok: { ink: '#135200', paper: '#f6ffed', icon: <CheckCircleFilled /> },
  slow: { ink: '#873800', paper: '#fff7e6', icon: <ClockCircleFilled /> },
  degraded: { ink: '#873800', paper: '#fff7e6', icon: <WarningFilled /> },
  paused: { ink: '#391085', paper: '#f9f0ff', icon: <PauseCircleFilled /> },
  down: { ink: '#a8071a', paper: '#fff1f0', icon: <CloseCircleFilled /> },
  unknown: { ink: '#434343', paper: '#f5f5f5', icon: <QuestionCircleFilled /> },
};

export function StateTag({ state }: { state: State }) {
  const { t } = useTranslation();
  const look = LOOKS[state];
  return (
    <Tag icon={look.icon} style={{ color: look.ink, background: look.paper, borderColor: `${look.ink}40` }}>
      {t(`state.${state}`)}
    </Tag>
  );
}
