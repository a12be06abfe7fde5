// Pause and resume with a reason, and the test of a connection step by step.
import { App, Modal, Skeleton } from 'antd';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';

import { type System, useCheck, usePause, useResume } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { CheckSteps } from '../../widgets/CheckSteps';
import { ReasonDialog } from '../../widgets/ReasonDialog';
import { Trouble } from '../../widgets/Trouble';

interface Props {
  system: System;
  close: () => void;
}

export function PauseDialog({ system, close }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const pause = usePause();
  const name = system.title[language];
  return (
    <ReasonDialog
      title={t('map.pauseTitle', { system: name })}
      action={t('map.pause')}
      error={pause.error}
      busy={pause.isPending}
      close={close}
      onReason={(reason) =>
        pause.mutate(
          { name: system.name, reason },
          {
            onSuccess: () => {
              void message.success(t('map.paused', { system: name }));
              close();
            },
          },
        )
      }
    >
      <p>{t('map.pauseWhy')}</p>
      {system.waiting > 0 && <p>{t('map.pauseWaiting', { count: system.waiting })}</p>}
    </ReasonDialog>
  );
}

export function ResumeDialog({ system, close }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const resume = useResume();
  const name = system.title[language];
  return (
    <ReasonDialog
      title={t('map.resumeTitle', { system: name })}
      action={t('map.resume')}
      error={resume.error}
      busy={resume.isPending}
      close={close}
      onReason={(reason) =>
        resume.mutate(
          { name: system.name, reason },
          {
            onSuccess: () => {
              void message.success(t('map.resumed', { system: name }));
              close();
            },
          },
        )
      }
    >
      <p>{t('map.resumeWhy', { count: system.waiting })}</p>
    </ReasonDialog>
  );
}

export function CheckDialog({ system, close }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { mutate, data, error, isPending } = useCheck();
  useEffect(() => mutate(system.name), [mutate, system.name]);
  return (
    <Modal open title={t('map.checked', { system: system.title[language] })} footer={null} onCancel={close}>
      {isPending && <Skeleton active paragraph={{ rows: 3 }} />}
      {error && <Trouble error={error} retry={() => mutate(system.name)} />}
      {data && <CheckSteps steps={data} />}
    </Modal>
  );
}
