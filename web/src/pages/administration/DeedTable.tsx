import {
    Badge,
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    DialogTrigger,
    Link,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { useHref } from "react-router";
import type { NumberedDeed } from "../../api/types";
import { DataTable } from "../../ui/DataTable";
import { format } from "../../ui/format";
import { en } from "../../words/administration/audit";
import { addressOf, changes, type Done } from "./deeds";

type Action = keyof typeof en.action;
const isKnown = (action: string): action is Action => action in en.action;

/** What somebody is called: by name, or what they are when they have none. */
export function useActorName(): (deed: NumberedDeed) => string {
    const { t } = useTranslation();
    return ({ actor, actor_name }) => {
        if (actor_name) return actor_name;
        if (actor === "command line") return t("administration.audit.who.command_line");
        if (actor === "api" || actor === "engine" || actor === "stentor") return t(`administration.audit.who.${actor}`);
        if (actor.startsWith("application:"))
            return `${t("administration.audit.who.application")} ${actor.slice("application:".length)}`;
        return actor;
    };
}

/** What was done, in words; what has no words here is told by the name that the server has for it. */
function useActionName(): (deed: NumberedDeed) => string {
    const { t } = useTranslation();
    return ({ action }) => (isKnown(action) ? t(`administration.audit.action.${action}`) : action.replaceAll("_", " "));
}

export function Deeds({ deeds }: { deeds: Done[] }) {
    const { t } = useTranslation();
    const actor = useActorName();
    const action = useActionName();
    return (
        <DataTable
            label={t("administration.parts.audit")}
            rows={deeds}
            keyOf={({ deed }) => deed.number}
            columns={[
                { name: "what", heading: t("administration.audit.what"), cell: ({ deed }) => action(deed) },
                { name: "who", heading: t("administration.audit.actor"), cell: ({ deed }) => actor(deed) },
                {
                    name: "subject",
                    heading: t("administration.audit.subject"),
                    cell: ({ deed }) => <Subject deed={deed} />,
                },
                {
                    name: "when",
                    heading: t("administration.audit.when"),
                    cell: ({ deed }) => <time dateTime={deed.happened_at}>{format.second(deed.happened_at)}</time>,
                },
                { name: "how", heading: t("administration.audit.how"), cell: (done) => <How done={done} /> },
            ]}
        />
    );
}

function Subject({ deed }: { deed: NumberedDeed }) {
    const { t } = useTranslation();
    const address = addressOf(deed);
    const href = useHref(address ?? "/");
    if (address) return <Link href={href}>{deed.subject}</Link>;
    if (deed.subject === "directory") return t("administration.parts.directory");
    return deed.subject === "doctor" ? t("administration.parts.health") : deed.subject;
}

function How({ done: { deed, how } }: { done: Done }) {
    const { t } = useTranslation();
    if (how === "open")
        return (
            <Badge appearance="tint" color="warning">
                {t("administration.audit.open")}
            </Badge>
        );
    if (how === "refused")
        return (
            <Badge appearance="tint" color="danger">
                {t("administration.audit.refused", { status: deed.status })}
            </Badge>
        );
    return <Changes deed={deed} />;
}

/** How it was before, and afterwards: folded away, since it may be long. */
function Changes({ deed }: { deed: NumberedDeed }) {
    const { t } = useTranslation();
    const action = useActionName();
    const changed = changes(deed.before, deed.after);
    if (changed.length === 0) return t("administration.audit.done");
    const title = t("administration.audit.details", { action: action(deed), when: format.second(deed.happened_at) });
    const nothing = <em>{t("administration.audit.nothing")}</em>;
    return (
        <Dialog>
            <DialogTrigger disableButtonEnhancement>
                <Link as="button" title={title}>
                    {t("administration.audit.changes", {
                        count: changed.length,
                        formatted: format.number(changed.length),
                    })}
                </Link>
            </DialogTrigger>
            <DialogSurface style={{ maxWidth: "min(800px, 96vw)" }}>
                <DialogBody>
                    <DialogTitle>{action(deed)}</DialogTitle>
                    <DialogContent tabIndex={0}>
                        <DataTable
                            isBare
                            label={title}
                            rows={changed}
                            keyOf={({ field }) => field}
                            columns={[
                                {
                                    name: "field",
                                    heading: t("administration.audit.field"),
                                    cell: ({ field }) => <code>{field || "–"}</code>,
                                },
                                {
                                    name: "before",
                                    heading: t("administration.audit.before"),
                                    cell: ({ before }) => before ?? nothing,
                                },
                                {
                                    name: "after",
                                    heading: t("administration.audit.after"),
                                    cell: ({ after }) => after ?? nothing,
                                },
                            ]}
                        />
                    </DialogContent>
                    <DialogActions>
                        <DialogTrigger disableButtonEnhancement>
                            <Button>{t("common.close")}</Button>
                        </DialogTrigger>
                    </DialogActions>
                </DialogBody>
            </DialogSurface>
        </Dialog>
    );
}
