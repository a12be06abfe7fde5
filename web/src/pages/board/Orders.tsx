// The orders behind a figure, the earliest due day first; each leads to its own page.
import { CloseOutlined } from '@ant-design/icons';
import { Button, Table } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Board, type BoardOrder, useBoardOrders } from '../../api/board';
import { useLanguage } from '../../i18n';
import { ExportButton } from '../../widgets/ExportButton';
import { Listing } from '../../widgets/Listing';
import { StateTag } from '../../widgets/StateTag';
import { day, money } from '../../widgets/figures';
import { Ago, Moment } from '../../widgets/time';
import type { Chosen } from './BoardPage';

export function Orders({ board, chosen, close }: { board: Board; chosen: Chosen; close: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const orders = useBoardOrders(chosen.figure, chosen.stage);
  const stage = board.stages.find((each) => each.name === chosen.stage);
  const over = chosen.figure === 'done' || chosen.figure === 'on_time' || chosen.figure === 'missed';
  return (
    <section className="board-orders" aria-label={t('board.list')}>
      <h2>
        {stage ? stage.title[language] : t(`board.figures.${chosen.figure}`)}
        <Button type="text" size="small" icon={<CloseOutlined />} onClick={close} aria-label={t('common.close')} />
      </h2>
      <ExportButton list="orders" filter={{ figure: chosen.figure, stage: chosen.stage }} />
      <Listing query={orders} isEmpty={(data) => data.items.length === 0} empty={t('board.noOrders')}>
        {(data) => (
          <>
            <Table<BoardOrder>
              rowKey={(each) => `${each.system}/${each.number}`}
              size="small"
              pagination={false}
              dataSource={data.items}
              scroll={{ x: 'max-content' }}
              data-ready="board-orders"
              columns={[
                {
                  title: t('board.number'),
                  render: (_, each) => <Link to={`/trace/${encodeURIComponent(each.number)}`}>{each.number}</Link>,
                },
                { title: t('board.customer'), dataIndex: 'customer' },
                {
                  title: t('board.amount'),
                  align: 'right',
                  className: 'number',
                  render: (_, each) => each.amount !== null && money(each.amount, each.currency, language),
                },
                {
                  title: t('board.due'),
                  render: (_, each) => (
                    <>
                      {each.due_on && <span className="number">{day(each.due_on, language)}</span>}{' '}
                      {(each.late || each.on_time === false) && (
                        <StateTag state="failed">{t('board.isLate')}</StateTag>
                      )}
                    </>
                  ),
                },
                { title: t('board.stage'), render: (_, each) => each.stage_title[language] },
                ...(over
                  ? [
                      {
                        title: t('board.doneAt'),
                        render: (_: unknown, each: BoardOrder) => each.done_at && <Moment at={each.done_at} />,
                      },
                    ]
                  : [
                      { title: t('board.holder'), render: (_: unknown, each: BoardOrder) => each.holder[language] },
                      {
                        title: t('board.since'),
                        render: (_: unknown, each: BoardOrder) => each.since && <Ago at={each.since} />,
                      },
                    ]),
              ]}
            />
            {data.total > data.items.length && (
              <p className="board-note">{t('board.more', { shown: data.items.length, total: data.total })}</p>
            )}
          </>
        )}
      </Listing>
    </section>
  );
}
