/** Who falls aside, by name. */

import {
    Button,
    Dialog,
    DialogActions,
    DialogBody,
    DialogContent,
    DialogSurface,
    DialogTitle,
    makeStyles,
    Table,
    TableBody,
    TableCell,
    TableHeader,
    TableHeaderCell,
    TableRow,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { format } from "../../../ui/format";
import { Loading } from "../../../ui/Loading";
import { Trouble } from "../../../ui/Trouble";
import { dryRun, useCountedManuscript } from "./dryRun";

/** Whoever needs more of them reads the export of the broadcast. */
const NAMED = 1000;

const useStyles = makeStyles({
    content: { maxHeight: "60vh", overflowY: "auto" },
    cell: { overflowWrap: "anywhere" },
});

export type Roll = { code: string; title: string; count: number };

export function NamesDialog({ roll, onClose }: { roll: Roll; onClose(): void }) {
    const { t } = useTranslation();
    const styles = useStyles();
    const manuscript = useCountedManuscript();
    const { data, error, refetch } = useQuery(dryRun(manuscript, NAMED));
    const run = data?.run;
    const people = run?.people[roll.code] ?? [];
    return (
        <Dialog open onOpenChange={(_, { open }) => !open && onClose()}>
            <DialogSurface>
                <DialogBody>
                    <DialogTitle>{roll.title}</DialogTitle>
                    <DialogContent className={styles.content} tabIndex={0}>
                        <Trouble error={error} onRetry={() => void refetch()} />
                        {!run && !error && <Loading />}
                        {run && (
                            <Table size="small" aria-label={roll.title}>
                                <TableHeader>
                                    <TableRow>
                                        <TableHeaderCell>{t("audience.names.name")}</TableHeaderCell>
                                        <TableHeaderCell>{t("audience.names.address")}</TableHeaderCell>
                                    </TableRow>
                                </TableHeader>
                                <TableBody>
                                    {people.map((person) => (
                                        <TableRow key={person.id}>
                                            <TableCell className={styles.cell}>{person.name}</TableCell>
                                            <TableCell className={styles.cell}>{person.user_principal_name}</TableCell>
                                        </TableRow>
                                    ))}
                                </TableBody>
                            </Table>
                        )}
                        {run && roll.count > people.length && (
                            <p>{t("audience.and_more", { more: format.number(roll.count - people.length) })}</p>
                        )}
                    </DialogContent>
                    <DialogActions>
                        <Button appearance="primary" onClick={onClose}>
                            {t("common.close")}
                        </Button>
                    </DialogActions>
                </DialogBody>
            </DialogSurface>
        </Dialog>
    );
}
