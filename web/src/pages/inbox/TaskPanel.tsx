// One task: its form, what was done with it, the diagram when asked for; and what one may do now.
import { MoreOutlined } from '@ant-design/icons';
import { Alert, App, Button, Dropdown, Form, Input, Skeleton, Tag } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { pictureOf, type TaskDetail, useAct, useTask } from '../../api/inbox';
import { useLanguage } from '../../i18n';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';
import { useWho } from '../../widgets/names';
import { Moment } from '../../widgets/time';
import { ActDialog, type AskedAct } from './ActDialog';
import { TaskFields, typed } from './TaskFields';

const TaskDiagram = lazy(() => import('./TaskDiagram'));
/** The field of a form in which somebody says why. */
const WHY = 'reason';
/** What needs a person, a step or a word first. */
const ASKED: AskedAct[] = ['return', 'hand_over', 'add_approver', 'comment', 'copy', 'urge'];

export function TaskPanel({ instance, token }: { instance: string; token: number }) {
  const task = useTask(instance, token);
  if (task.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 8 }} />;
  if (!task.data) return task.error && <Trouble error={task.error} retry={() => void task.refetch()} />;
  return <Task task={task.data} />;
}

function Task({ task }: { task: TaskDetail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const who = useWho();
  const { item } = task;
  const act = useAct(item.instance_id, item.token);
  const [asking, ask] = useState<AskedAct>();
  const [drawn, draw] = useState(false);
  const [form] = Form.useForm<Record<string, unknown>>();
  const isOpen = item.status === 'open';
  const may = (name: string) => task.may.includes(name);
  const decides = may('approve') || may('agree');
  const fields = task.form?.fields ?? [];
  // A form that asks for the reason has the word that goes into the record.
  const saysWhy = may('approve') && fields.some((field) => field.key === WHY && !field.readonly);
  const finish = may('agree') ? 'agree' : task.form?.is_filled_in ? 'submit' : 'approve';
  const approve = (filled: Record<string, unknown>) => {
    const { '': note, ...rest } = filled;
    act.mutate(
      { act: 'approve', note: String((saysWhy ? rest[WHY] : note) ?? ''), variables: may('agree') ? {} : typed(fields, rest) },
      { onSuccess: () => void message.success(t('inbox.done')) },
    );
  };
  const asked = ASKED.filter(may);
  return (
    <article className="panel task" data-ready="task">
      <header>
        <h2>{item.title[language]}</h2>
        <p className="soft">
          {item.process[language]}
          {item.business_key && (
            <>
              {' · '}
              <Link to={`/trace/${encodeURIComponent(item.business_key)}`}>{item.business_key}</Link>
            </>
          )}
        </p>
        <p className="inbox-marks">
          {!isOpen && <Tag>{task.ended_by ? t('inbox.endedBy', { name: who(task.ended_by) }) : t('inbox.cancelled')}</Tag>}
          {item.is_late && <StateTag state="failed">{t('inbox.late')}</StateTag>}
          {item.urges > 0 && <StateTag state="retrying">{t('inbox.urged', { count: item.urges })}</StateTag>}
          {item.stands_for && <StateTag state="active">{t('inbox.standsFor', { name: item.stands_for })}</StateTag>}
          {item.assignee && <Tag>{t('inbox.assignee', { name: who(item.assignee) })}</Tag>}
          {!item.assignee && !!item.groups?.length && <Tag>{t('inbox.group', { names: (item.group_titles ?? []).map((each) => each[language]).join(t('common.comma')) })}</Tag>}
          {item.due_at && (
            <span className="soft">
              {t('inbox.due')} <Moment at={item.due_at} />
            </span>
          )}
        </p>
        {task.signers.length > 0 && (
          <p className="soft">
            {t('inbox.signers', {
              names: task.signers
                .map((each) => t(each.agreed_at ? 'inbox.agreed' : 'inbox.waiting', { name: who(each.name) }))
                .join(', '),
            })}
          </p>
        )}
      </header>
      {act.error && <Trouble error={act.error} />}
      <Form form={form} layout="vertical" onFinish={approve} className="task-form" requiredMark>
        <TaskFields
          fields={task.form?.fields}
          values={task.variables}
          readonly={!may('approve')}
          picture={(key) => pictureOf(item, key)}
        />
        {decides && !saysWhy && (
          <Form.Item name="" label={t('inbox.opinion')}>
            <Input.TextArea rows={2} maxLength={1000} placeholder={t('inbox.opinionHint')} />
          </Form.Item>
        )}
        {isOpen && !decides && <Alert type="info" showIcon title={t('inbox.noRight')} />}
        <div className="task-acts">
          {decides && (
            <Button type="primary" htmlType="submit" loading={act.isPending} data-act="approve">
              {t(`inbox.acts.${finish}`)}
            </Button>
          )}
          {asked.slice(0, 2).map((each) => (
            <Button key={each} danger={each === 'return'} onClick={() => ask(each)} data-act={each}>
              {t(`inbox.acts.${each}`)}
            </Button>
          ))}
          {asked.length > 2 && (
            <Dropdown
              trigger={['click']}
              menu={{
                items: asked.slice(2).map((each) => ({ key: each, label: <span data-act={each}>{t(`inbox.acts.${each}`)}</span> })),
                onClick: ({ key }) => ask(key as AskedAct),
              }}
            >
              <Button icon={<MoreOutlined />} data-action="more">
                {t('inbox.more')}
              </Button>
            </Dropdown>
          )}
        </div>
      </Form>
      <section>
        <h3>{t('inbox.history')}</h3>
        {task.acts.length === 0 && <p className="soft">{t('inbox.noHistory')}</p>}
        <ol className="task-history" data-ready="history">
          {task.acts.map((each, place) => (
            <li key={place}>
              <p>
                <strong>{who(each.by)}</strong> {t(`inbox.kinds.${each.kind as 'approved'}`)}
                {each.chose && <>{`: ${each.chose[language]}`}</>}
                {each.to[language] && <> → {who(each.to[language])}</>}
                {each.stands_for && <span className="soft"> ({t('inbox.standsFor', { name: each.stands_for })})</span>}
              </p>
              <p className="soft small">
                {each.task[language]} · <Moment at={each.at} />
              </p>
              {each.note && <blockquote>{each.note}</blockquote>}
            </li>
          ))}
        </ol>
      </section>
      <section>
        {drawn ? (
          <Suspense fallback={<Skeleton active />}>
            <TaskDiagram task={task} />
          </Suspense>
        ) : (
          <Button type="link" onClick={() => draw(true)} data-action="diagram">
            {t('inbox.showDiagram')}
          </Button>
        )}
      </section>
      {asking && <ActDialog act={asking} task={task} close={() => ask(undefined)} />}
    </article>
  );
}
