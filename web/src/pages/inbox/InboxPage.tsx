// The inbox: four boxes on the left, the chosen task on the right; on a phone one after the other.
import { ArrowLeftOutlined } from '@ant-design/icons';
import { Badge, Button, Segmented, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams, useSearchParams } from 'react-router';

import { type Box, type InboxItem, useInbox, useInboxCounts } from '../../api/inbox';
import { useLanguage } from '../../i18n';
import { ExportButton } from '../../widgets/ExportButton';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { StateTag } from '../../widgets/StateTag';
import { useWho } from '../../widgets/names';
import { Ago } from '../../widgets/time';
import { Delegations } from './Delegations';
import './inbox.css';
import { TaskPanel } from './TaskPanel';

const BOXES: Box[] = ['todo', 'done', 'started', 'copied'];

export function InboxPage() {
  const { t } = useTranslation();
  const { instance, token } = useParams();
  const [params, setParams] = useSearchParams();
  const box = BOXES.find((each) => each === params.get('box')) ?? 'todo';
  const list = useInbox(box);
  const counts = useInboxCounts(true);
  const [delegating, delegate] = useState(false);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const query = `?box=${box}`;
  return (
    <div className={instance ? 'inbox has-task' : 'inbox'}>
      <PageHead title={t('menu.inbox')} about={t('inbox.about')}>
        <ExportButton list="tasks" filter={{ box }} />
        <Button onClick={() => delegate(true)} data-action="delegate">
          {t('inbox.delegation')}
        </Button>
      </PageHead>
      <div className="inbox-columns">
        <section className="panel inbox-list" aria-label={t('menu.inbox')} data-ready={rows ? 'inbox' : undefined}>
          <Segmented<Box>
            block
            value={box}
            onChange={(next) => setParams({ box: next }, { replace: true })}
            options={BOXES.map((each) => ({
              value: each,
              label: (
                <span data-box={each}>
                  {t(`inbox.boxes.${each}`)}
                  {each === 'todo' && !!counts.data?.todo && <Badge count={counts.data.todo} size="small" color="#a8071a" />}
                </span>
              ),
            }))}
          />
          <Listing query={{ ...list, data: rows }} isEmpty={(found) => found.length === 0} empty={t(`inbox.empty.${box}`)}>
            {(found) => (
              <ul>
                {found.map((item) => (
                  <li key={`${item.instance_id}/${item.token}`}>
                    <Line item={item} query={query} chosen={item.instance_id === instance && String(item.token) === token} />
                  </li>
                ))}
              </ul>
            )}
          </Listing>
          {list.hasNextPage && (
            <Button block onClick={() => void list.fetchNextPage()} loading={list.isFetchingNextPage}>
              {t('common.more')}
            </Button>
          )}
        </section>
        <div className="inbox-task">
          {instance ? (
            <>
              <Link to={`/tasks${query}`} className="inbox-back">
                <ArrowLeftOutlined /> {t('inbox.back')}
              </Link>
              <TaskPanel key={`${instance}/${token}`} instance={instance} token={Number(token)} />
            </>
          ) : (
            <p className="panel padded soft inbox-choose">{t('inbox.choose')}</p>
          )}
        </div>
      </div>
      {delegating && <Delegations close={() => delegate(false)} />}
    </div>
  );
}

function Line({ item, query, chosen }: { item: InboxItem; query: string; chosen: boolean }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const who = useWho();
  const to = item.token === 0 ? `/instances/${item.instance_id}` : `/tasks/${item.instance_id}/${item.token}${query}`;
  return (
    <Link to={to} className="inbox-line" aria-current={chosen ? 'true' : undefined} data-task={item.business_key ?? item.instance_id}>
      <span className="inbox-line-head">
        <strong>{item.title[language]}</strong>
        <Ago at={item.at} />
      </span>
      <span className="soft">
        {item.process[language]} {item.business_key && <span className="mono">{item.business_key}</span>}
      </span>
      {item.about && <span className="inbox-about">{item.about}</span>}
      <span className="inbox-marks">
        {item.is_late && <StateTag state="failed">{t('inbox.late')}</StateTag>}
        {item.urges > 0 && <StateTag state="retrying">{t('inbox.urged', { count: item.urges })}</StateTag>}
        {item.stands_for && <StateTag state="active">{t('inbox.standsFor', { name: item.stands_for })}</StateTag>}
        {item.act && item.act !== 'started' && <Tag>{`${who(item.by)} ${t(`inbox.kinds.${item.act as 'approved'}`)}`}</Tag>}
        {item.token === 0 && <Tag>{t(`instances.status.${item.status as 'active'}`)}</Tag>}
        {!item.act && item.assignee && <Tag>{t('inbox.assignee', { name: who(item.assignee) })}</Tag>}
      </span>
    </Link>
  );
}

export const Component = InboxPage;
