// Whether what is on the screen follows the hub by itself.
import { Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';

import { useLive } from '../live/live';

export function LiveDot() {
  const { t } = useTranslation();
  const state = useLive();
  return (
    <Tooltip title={state === 'off' ? t('live.offHint') : t('live.liveHint')}>
      <span className={`live ${state}`} role="status" data-live={state}>
        <i aria-hidden /> {t(`live.${state}`)}
      </span>
    </Tooltip>
  );
}
