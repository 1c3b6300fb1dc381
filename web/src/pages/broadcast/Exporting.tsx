/** Everybody as a file. Alone, the browser fetches it by a link; within Teams, where no cookie goes along, the page does. */

import {
    Button,
    Menu,
    MenuGroup,
    MenuGroupHeader,
    MenuItem,
    MenuItemLink,
    MenuList,
    MenuPopover,
    MenuTrigger,
    Toast,
    ToastTitle,
    useToastController,
} from "@fluentui/react-components";
import { ArrowDownloadRegular } from "@fluentui/react-icons";
import { useTranslation } from "react-i18next";
import { ask, proofs } from "../../api/client";
import { PASSED_BY, TOASTS } from "../../app/App";
import { isFramed } from "../../session/teams";

/** Which people: by state and reason as the API names them. */
export type Whom = {
    state?: string | undefined;
    reason?: string | undefined;
    kind?: string | undefined;
    channel?: string | undefined;
};

const FORMATS = { excel: { format: "csv", mark: "true" }, lines: { format: "jsonl" } } as const;
type Format = keyof typeof FORMATS;

export function address(id: string, format: Format, whom: Whom = {}): string {
    const given = Object.entries({ ...FORMATS[format], ...whom }).filter(([, value]) => value);
    return `/api/v1/broadcasts/${id}/export?${new URLSearchParams(given as [string, string][])}`;
}

/** Fetches a file with a token, and gives it to whoever asked. */
async function fetchFile(path: string) {
    const response = await ask(path, { headers: await proofs() });
    if (!response.ok) throw new Error(String(response.status));
    const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "stentor";
    const place = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = place;
    link.download = name;
    link.click();
    // The browser reads it a moment later.
    setTimeout(() => URL.revokeObjectURL(place), 60_000);
}

type Props = {
    id: string;
    /** What filters show; without it, everybody or who was not reached. */
    whom?: Whom | undefined;
    /** Names are searched for, too, by which no file is made. */
    isSearched?: boolean;
};

export function ExportMenu({ id, whom, isSearched = false }: Props) {
    const { t } = useTranslation();
    const groups: [string, Whom][] = whom
        ? [[t(`broadcast.deed.exporting.${isSearched ? "shown_unsearched" : "shown"}`), whom]]
        : [
              [t("broadcast.deed.exporting.everybody"), {}],
              [t("broadcast.deed.exporting.missed"), { state: "failed,unconfirmed,skipped" }],
          ];
    return (
        <Menu>
            <MenuTrigger disableButtonEnhancement>
                <Button icon={<ArrowDownloadRegular />}>{t("broadcast.deed.export")}</Button>
            </MenuTrigger>
            <MenuPopover>
                <MenuList>
                    {groups.map(([title, whom]) => (
                        <MenuGroup key={title}>
                            <MenuGroupHeader>{title}</MenuGroupHeader>
                            {(Object.keys(FORMATS) as Format[]).map((format) => (
                                <FileItem key={format} path={address(id, format, whom)}>
                                    {t(`broadcast.deed.exporting.${format}`)}
                                </FileItem>
                            ))}
                        </MenuGroup>
                    ))}
                </MenuList>
            </MenuPopover>
        </Menu>
    );
}

function FileItem({ path, children }: { path: string; children: string }) {
    const { t } = useTranslation();
    const { dispatchToast } = useToastController(TOASTS);
    const fail = () =>
        dispatchToast(
            <Toast>
                <ToastTitle>{t("broadcast.deed.exporting.failed")}</ToastTitle>
            </Toast>,
            { intent: "error", ...PASSED_BY },
        );
    if (!isFramed)
        return (
            <MenuItemLink href={path} download>
                {children}
            </MenuItemLink>
        );
    return <MenuItem onClick={() => void fetchFile(path).catch(fail)}>{children}</MenuItem>;
}
