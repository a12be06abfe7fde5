// One move: what it will do in a sentence, values where it takes some, and the reason.
import { Alert, App, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type InstanceDetail, useCancel, useResolve } from '../../api/instances';
import { type Move, useMove } from '../../api/moves';
import { useLanguage } from '../../i18n';
import { ReasonDialog } from '../../widgets/ReasonDialog';

export type AskedMove = Move | 'cancel' | 'resolve';
/** Moves that take values, and what they are. */
const WITH_VALUES: AskedMove[] = ['variables', 'skip', 'begin'];

interface Props {
  run: InstanceDetail;
  name: string;
  move: AskedMove;
  element: string | undefined;
  title: string;
  close: () => void;
}

export function MoveDialog({ run, name, move, element, title, close }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const cancel = useCancel(run.instance.id);
  const resolve = useResolve(run.instance.id);
  const moving = useMove(run.instance.id);
  const [values, setValues] = useState('{}');
  const given = parsed(values);
  const trouble = run.incidents[0];
  const asksValues = WITH_VALUES.includes(move);
  const nothing = move === 'variables' && given !== undefined && Object.keys(given).length === 0;
  const onSuccess = () => {
    void message.success(t('instances.moves.done'));
    close();
  };
  const carryOut = (reason: string) => {
    if (move === 'cancel') cancel.mutate(reason, { onSuccess });
    else if (move === 'resolve') trouble && resolve.mutate({ number: trouble.number, reason }, { onSuccess });
    else if (given && !nothing) moving.mutate({ move, reason, element, variables: given }, { onSuccess });
  };
  const heading =
    move === 'cancel'
      ? t('instances.cancelTitle', { number: name })
      : move === 'resolve'
        ? t('instances.resolveTitle', { title: trouble?.title[language] ?? '' })
        : t(`instances.moves.${move}Title`, { title: title || name });
  const hint =
    move === 'cancel' ? t('instances.cancelHint') : move === 'resolve' ? t('instances.resolveHint') : t(`instances.moves.${move}Hint`);
  return (
    <ReasonDialog
      title={heading}
      action={move === 'cancel' ? t('instances.cancel') : move === 'resolve' ? t('instances.resolve') : t(`instances.moves.${move}`)}
      danger={move === 'cancel' || move === 'leave'}
      busy={cancel.isPending || resolve.isPending || moving.isPending}
      error={cancel.error ?? resolve.error ?? moving.error}
      close={close}
      onReason={carryOut}
    >
      <p>{hint}</p>
      {asksValues && (
        <>
          <label htmlFor="move-values">{t('instances.moves.values')}</label>
          <Input.TextArea
            id="move-values"
            className="mono"
            autoSize={{ minRows: 2, maxRows: 10 }}
            value={values}
            status={given ? '' : 'error'}
            onChange={({ target }) => setValues(target.value)}
          />
          {!given && <Alert type="error" showIcon title={t('instances.moves.noJson')} />}
        </>
      )}
    </ReasonDialog>
  );
}

function parsed(written: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(written);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
