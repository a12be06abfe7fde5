// Failed documents, oldest first.
import { Button, Table, Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';

import type { DeadLetter, LetterStatus } from '../../api/deadLetters';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { reasonOf, useNames, useWho } from '../../widgets/names';
import { count, Moment } from '../../widgets/time';
import { doerOf } from '../../widgets/words';

interface Props {
  letters: DeadLetter[];
  status: LetterStatus;
  shown: string | undefined;
  show: (id: string) => void;
  chosen: string[];
  choose: (ids: string[]) => void;
  more: (() => void) | undefined;
  loading: boolean;
}

export function LetterTable({ letters, status, shown, show, chosen, choose, more, loading }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const names = useNames();
  const who = useWho();
  const maySend = useMay('letters.repair');
  return (
    <>
      <Table<DeadLetter>
        rowKey="id"
        size="small"
        pagination={false}
        dataSource={letters}
        data-ready="letters"
        tableLayout="fixed"
        rowClassName={(letter) => (letter.id === shown ? 'shown' : '')}
        onRow={(letter) => ({ onClick: () => show(letter.id) })}
        {...(status === 'open' && maySend
          ? {
              rowSelection: {
                columnWidth: 40,
                selectedRowKeys: chosen,
                onChange: (keys) => choose(keys.map(String)),
                getCheckboxProps: (letter) => ({ 'aria-label': letter.business_key ?? letter.id }),
              },
            }
          : {})}
        columns={[
          {
            title: t('deadLetters.number'),
            width: 148,
            render: (_, letter) => (
              <Button
                type="link"
                size="small"
                className="number-link"
                onClick={(event) => {
                  event.stopPropagation();
                  show(letter.id);
                }}
              >
                {letter.business_key ?? t('deadLetters.noNumber')}
              </Button>
            ),
          },
          ...(shown === undefined
            ? [
                {
                  title: t('deadLetters.target'),
                  width: 220,
                  ellipsis: true,
                  render: (_: unknown, letter: DeadLetter) => names.operation(letter.system, letter.operation),
                },
              ]
            : []),
          {
            title: t('deadLetters.reason'),
            ellipsis: { showTitle: false },
            render: (_, letter) => {
              const reason = reasonOf(letter.error_class, letter.error_text, language, t);
              return (
                <Tooltip title={reason} placement="topLeft">
                  <span>{reason}</span>
                </Tooltip>
              );
            },
          },
          ...(shown === undefined
            ? [
                {
                  title: t('deadLetters.attempts'),
                  width: 84,
                  align: 'right' as const,
                  className: 'number',
                  render: (_: unknown, letter: DeadLetter) => count(letter.attempts, language),
                },
                {
                  title: t('deadLetters.since'),
                  width: 136,
                  align: 'right' as const,
                  render: (_: unknown, letter: DeadLetter) => <Moment at={letter.created_at} />,
                },
              ]
            : []),
          ...(status === 'open' || shown !== undefined
            ? []
            : [
                {
                  title: t('deadLetters.closed'),
                  width: 170,
                  ellipsis: true,
                  render: (_: unknown, letter: DeadLetter) => {
                    const { name, reason } = doerOf(letter.closed_by);
                    return (
                      <Tooltip title={reason}>
                        <span>
                          {who(name)}
                          {reason && ` · ${reason}`}
                        </span>
                      </Tooltip>
                    );
                  },
                },
              ]),
        ]}
      />
      {more && (
        <div className="more">
          <Button onClick={more} loading={loading}>
            {t('common.more')}
          </Button>
        </div>
      )}
    </>
  );
}
