// A state as people see it everywhere; `children` replace the usual word by a closer one.
import { Tag } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { useMode } from '../theme';
import { looksOf, type State } from './states';

export function StateTag({ state, children }: { state: State; children?: ReactNode }) {
  const { t } = useTranslation();
  const { mode } = useMode();
  const look = looksOf(mode)[state];
  return (
    <Tag
      className={`state state-${state}`}
      icon={look.icon}
      style={{ color: look.ink, background: look.paper, borderColor: `${look.line}59`, marginInlineEnd: 0 }}
    >
      {children ?? t(`state.${state}`)}
    </Tag>
  );
}
