/** What surrounds every page: the way between them, whoever is signed in, and how we stand with the server. */

import {
    Avatar,
    Button,
    Link,
    Menu,
    MenuDivider,
    MenuGroup,
    MenuGroupHeader,
    MenuItem,
    MenuItemRadio,
    MenuList,
    MenuPopover,
    MenuTrigger,
    MessageBar,
    MessageBarBody,
    makeStyles,
    Text,
    tokens,
} from "@fluentui/react-components";
import { useTranslation } from "react-i18next";
import { NavLink, Outlet } from "react-router";
import { useStanding } from "../api/standing";
import { useMay, useMe } from "../session/Session";
import { useSignOut } from "../session/SignOut";
import { isFramed } from "../session/teams";
import mark from "../ui/stentor.svg";
import { type Appearance, appear, useChosenAppearance } from "../ui/theme";
import { LANGUAGES, type Language, speak } from "../words";

const useStyles = makeStyles({
    skip: {
        position: "absolute",
        left: "-999px",
        padding: `${tokens.spacingVerticalSNudge} ${tokens.spacingHorizontalM}`,
        borderRadius: tokens.borderRadiusMedium,
        backgroundColor: tokens.colorNeutralBackground1,
        boxShadow: tokens.shadow8,
        ":focus": { left: tokens.spacingHorizontalS, top: tokens.spacingVerticalS, zIndex: 10 },
    },
    bar: {
        display: "flex",
        alignItems: "center",
        gap: tokens.spacingHorizontalL,
        padding: `0 ${tokens.spacingHorizontalXXL}`,
        minHeight: "52px",
        backgroundColor: tokens.colorNeutralBackground1,
        borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
        // Where all do not stand side by side, the way between the pages gets a line of its own.
        "@media (max-width: 480px)": {
            flexWrap: "wrap",
            justifyContent: "space-between",
            gap: 0,
            padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM} 0`,
        },
    },
    mark: {
        display: "flex",
        alignItems: "center",
        gap: tokens.spacingHorizontalS,
        color: tokens.colorNeutralForeground1,
        textDecorationLine: "none",
    },
    nav: {
        display: "flex",
        flexGrow: 1,
        gap: tokens.spacingHorizontalXS,
        alignSelf: "stretch",
        "@media (max-width: 480px)": { order: 1, flexBasis: "100%", minHeight: "44px" },
    },
    place: {
        display: "flex",
        alignItems: "center",
        padding: `0 ${tokens.spacingHorizontalM}`,
        "@media (max-width: 480px)": { padding: `0 ${tokens.spacingHorizontalS}` },
        color: tokens.colorNeutralForeground2,
        textDecorationLine: "none",
        borderBottom: "3px solid transparent",
        borderTop: "3px solid transparent",
        ":hover": { color: tokens.colorNeutralForeground1 },
        ":focus-visible": {
            outline: `2px solid ${tokens.colorStrokeFocus2}`,
            outlineOffset: "-4px",
            borderRadius: tokens.borderRadiusMedium,
        },
        "&[aria-current]": {
            color: tokens.colorNeutralForeground1,
            fontWeight: tokens.fontWeightSemibold,
            borderBottomColor: tokens.colorCompoundBrandStroke,
        },
    },
    main: {
        maxWidth: "1120px",
        margin: "0 auto",
        padding: `${tokens.spacingVerticalXXL} ${tokens.spacingHorizontalXXL}`,
        boxSizing: "border-box",
        "@media (max-width: 600px)": { padding: tokens.spacingHorizontalL },
    },
    strip: { position: "sticky", top: 0, zIndex: 5 },
});

export function Shell() {
    const { t } = useTranslation();
    const styles = useStyles();
    const isAdmin = useMay("admin");
    const isLost = useStanding() === "lost";
    return (
        <>
            <Link href="#content" className={styles.skip}>
                {t("common.skip")}
            </Link>
            <header className={styles.bar}>
                {!isFramed && (
                    <NavLink to="/broadcasts" className={styles.mark}>
                        <img src={mark} alt="" width={26} height={26} />
                        <Text weight="semibold">{t("common.stentor")}</Text>
                    </NavLink>
                )}
                <nav className={styles.nav} aria-label={t("common.nav.label")}>
                    <NavLink to="/broadcasts" className={styles.place}>
                        {t("common.nav.broadcasts")}
                    </NavLink>
                    {isAdmin && (
                        <NavLink to="/administration" className={styles.place}>
                            {t("common.nav.administration")}
                        </NavLink>
                    )}
                </nav>
                <Account />
            </header>
            <div className={styles.strip} aria-live="polite">
                {isLost && (
                    <MessageBar intent="warning" shape="square">
                        <MessageBarBody>{t("common.lost")}</MessageBarBody>
                    </MessageBar>
                )}
            </div>
            <main id="content" tabIndex={-1} className={styles.main}>
                <Outlet />
            </main>
        </>
    );
}

function Account() {
    const { t, i18n } = useTranslation();
    const me = useMe();
    const theme = useChosenAppearance();
    const { begin, question, waiting } = useSignOut();
    const roles = me.roles.map((role) => t(`common.role.${role}`)).join(", ");
    const checked = { language: [i18n.language], theme: [theme ?? "system"] };
    const themes = ["system", "light", "dark", "contrast"] as const;
    const choose = (name: string, value: string) =>
        name === "language" ? speak(value as Language) : appear(value === "system" ? undefined : (value as Appearance));
    return (
        <>
            {waiting}
            <Menu
                checkedValues={checked}
                onCheckedValueChange={(_, { name, checkedItems }) => choose(name, checkedItems[0] ?? "")}
            >
                <MenuTrigger disableButtonEnhancement>
                    <Button
                        appearance="subtle"
                        aria-label={`${t("common.account.menu")}: ${me.who.name}`}
                        icon={<Avatar name={me.who.name} size={28} color="colorful" />}
                    />
                </MenuTrigger>
                <MenuPopover>
                    <MenuList>
                        <MenuGroup>
                            <MenuGroupHeader>
                                {me.who.name} · {roles}
                            </MenuGroupHeader>
                        </MenuGroup>
                        <MenuDivider />
                        <MenuGroup>
                            <MenuGroupHeader>{t("common.account.language")}</MenuGroupHeader>
                            {Object.entries(LANGUAGES).map(([language, name]) => (
                                <MenuItemRadio key={language} name="language" value={language} lang={language}>
                                    {name}
                                </MenuItemRadio>
                            ))}
                        </MenuGroup>
                        {!isFramed && (
                            <>
                                <MenuDivider />
                                <MenuGroup>
                                    <MenuGroupHeader>{t("common.account.theme")}</MenuGroupHeader>
                                    {themes.map((theme) => (
                                        <MenuItemRadio key={theme} name="theme" value={theme}>
                                            {t(`common.account.${theme}`)}
                                        </MenuItemRadio>
                                    ))}
                                </MenuGroup>
                                <MenuDivider />
                                <MenuItem onClick={begin}>{t("common.account.sign_out")}</MenuItem>
                            </>
                        )}
                    </MenuList>
                </MenuPopover>
            </Menu>
            {question}
        </>
    );
}
