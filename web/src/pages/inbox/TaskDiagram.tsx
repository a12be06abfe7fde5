// The way of the run so far, on its diagram; loaded when somebody wants to see it.
import { Skeleton } from 'antd';
import { useMemo, useState } from 'react';

import type { TaskDetail } from '../../api/inbox';
import { useInstance, useProcessXml } from '../../api/instances';
import { Diagram } from '../../diagram/Diagram';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';

export default function TaskDiagram({ task }: { task: TaskDetail }) {
  const { language } = useLanguage();
  const run = useInstance(task.item.instance_id);
  const xml = useProcessXml(task.process_id, task.release);
  const [selected, select] = useState<string | undefined>(task.element);
  const flows = useMemo(() => run.data?.flows.map((flow) => flow.id) ?? [], [run.data]);
  const error = run.error ?? xml.error;
  if (error) return <Trouble error={error} />;
  if (!run.data || !xml.data) return <Skeleton active />;
  return (
    <Diagram
      xml={xml.data}
      title={task.item.process[language]}
      nodes={run.data.nodes}
      flows={flows}
      selected={selected}
      onSelect={select}
    />
  );
}
