/**
 * What authors get wrong every day: what is the matter, and how it is mended. The server tells each by a code; what stands in
 * braces is what it tells with it.
 */

import type { Fault } from "../api/problem";
import { french } from "./french";

export type Slip = NonNullable<Fault["slip"]>;
export type Raw = Extract<Slip, { code: "raw" }>["what"];

/** A code without words does not compile. */
type Words = {
    slips: Record<Slip["code"], readonly [problem: string, cure: string]>;
    raw: Record<Raw, readonly [what: string, cure: string]>;
    /** Where nobody knows what the field is called. */
    anything: string;
};

export const en: Words = {
    anything: "Something",
    slips: {
        empty: ["{{label}} is missing.", ""],
        too_long: ["{{length}} characters; the most is {{limit}}.", ""],
        too_large: [
            "The message is too large: {{bytes}} of {{limit}}.",
            "Shorten the text, or link to a page that holds the rest.",
        ],
        control_character: [
            "There is a character here that nobody sees.",
            "Type the text anew where it was pasted: such characters come along when pasting.",
        ],
        too_many_buttons: ["{{count}} buttons; the most is {{limit}}.", "Leave the less important ones out."],
        no_link: ["This is not a whole address: it begins with https://", ""],
        no_https: ["Teams opens only addresses that begin with https://", ""],
        raw: ["Line {{line}}: {{what}} is shown raw by Teams.", "{{cure}}"],
        more_raw: [
            "Teams shows raw what stands in so many more places: {{count}}.",
            "Write bold, italic, links and lists only.",
        ],
        link_not_opened: ["Line {{line}}: links begin with https:// or mailto:", ""],
        no_picture: ["This is no picture that Teams shows.", "Choose a PNG, JPEG or GIF file."],
        cut_off: ["The picture is cut off: the end of the file is missing.", "Choose the whole file."],
        picture_too_large: ["The picture is too large for a message.", "Make it smaller, or upload its file here."],
        picture_missing: ["Choose a picture, or give its address.", ""],
        needs_description: ["Say what the picture shows: people who cannot see it would miss it.", ""],
        not_in_feeds: ["The activity feed does not show it.", "Leave it out, or choose “In both”."],
        no_hour: ["This is no day with a time.", "Choose a day, a time and a zone."],
        no_zone: ["The time zone is missing.", "Choose one from the list."],
        unknown_zone: ["There is no such time zone.", "Choose one from the list."],
        left_out_hour: [
            "{{hour}} does not exist in {{zone}}: the clocks jump over it on that day.",
            "Choose {{before}} or {{after}}.",
        ],
        unlikely_year: ["The year is not from 1970 to 9999.", "Check the year."],
        past: ["This hour has passed already.", "Choose an hour to come, or “Now”."],
        too_far_ahead: ["This hour lies more than {{days}} days ahead.", "Choose an earlier hour, and check the year."],
        audience_missing: ["Choose whom it is for.", ""],
        list_missing: [
            "The list “{{name}}” is named, and is not here.",
            "Paste or upload it once more, or take its name out.",
        ],
        list_not_named: [
            "The list “{{name}}” is here, and the audience does not name it.",
            "Name the list in the audience, or take it out.",
        ],
        channel_missing: ["Name the channels: each as a team, or as team/channel.", ""],
        unknown_group: [
            "“{{name}}” is no group or team of this organisation.",
            "Find it by the beginning of its name.",
        ],
        several_groups: [
            "“{{name}}” is the name of several groups.",
            "Take it out, and choose the one that is meant in the search.",
        ],
        hidden_group: [
            "The members of “{{name}}” are hidden from Stentor.",
            "Choose another group, or ask your administrator to let Stentor see them.",
        ],
        no_team: [
            "“{{name}}” is a group without a team, so it has no channels.",
            "Choose a team, or write to the group’s people.",
        ],
        named_twice: ["“{{name}}” is named twice.", "Name each channel once."],
        not_saved: ["Nothing is saved under the name “{{name}}”.", "The search of the audience shows what is saved."],
        unknown_person: [
            "“{{address}}” is nobody whom the directory knows, or the address of several people.",
            "Find the person by name.",
        ],
        unknown_broadcast: [
            "There is no announcement {{id}}.",
            "The list of announcements shows those that there are.",
        ],
        means_nobody: ["This means nobody.", "Look at what is taken away: it takes everybody."],
        empty_parts: ["This means nobody: nobody is in {{parts}}.", "Look at its spelling, or choose another."],
        list_names_nobody: [
            "Nobody is named in this list. Line {{line}} holds “{{cell}}”.",
            "Give each person a line, with a mail address, a user principal name or an object id.",
        ],
        list_of_strangers: [
            "Nobody of this list is in the directory of this organisation.",
            "Look whether it is the right list.",
        ],
        not_text: [
            "This is not a list that Stentor can read.",
            "Save it as CSV (in Excel: Save As, “CSV UTF-8”), one person a line.",
        ],
        lines_malformed: [
            "Lines in which nobody is named: {{count}}.",
            "Correct the list, or tick “Go on without these lines”.",
        ],
        lines_unknown: [
            "Lines with an address that the directory does not know: {{count}}.",
            "Correct the list, or tick “Go on without these lines”.",
        ],
        lines_ambiguous: [
            "Lines with an address that several people share: {{count}}.",
            "Correct the list, or tick “Go on without these lines”.",
        ],
    },
    raw: {
        heading: ["a heading", "Write **bold** text on a line of its own."],
        code_block: ["a code block", "Write plain text, and begin lines at the left."],
        code: ["code between backquotes", "Write it bold."],
        quotation: ["a quotation", "Write it in italic."],
        table: ["a table", "Write a list."],
        html: ["HTML", "Write bold, italic, links and lists only."],
        image: ["an image", "Give the announcement a picture of its own, below."],
        struck: ["struck-out text", "Leave it out."],
        tick: ["a tick box", "Write a plain list."],
        rule: ["a line across the page", "Leave an empty line."],
        bare_link: ["an address of this kind", "Write it as [text](https://…)."],
    },
};

export const fr: Words = french({
    anything: "Quelque chose",
    slips: {
        empty: ["{{label}} : à remplir.", ""],
        too_long: ["{{length}} caractères ; {{limit}} au plus.", ""],
        too_large: [
            "Le message est trop volumineux : {{bytes}} sur {{limit}}.",
            "Raccourcissez le texte, ou mettez un lien vers une page qui contient le reste.",
        ],
        control_character: [
            "Il y a ici un caractère que personne ne voit.",
            "Retapez le texte là où il a été collé : ces caractères viennent avec ce que l’on colle.",
        ],
        too_many_buttons: ["{{count}} boutons ; {{limit}} au plus.", "Laissez de côté les moins importants."],
        no_link: ["L’adresse n’est pas complète : elle commence par https://", ""],
        no_https: ["Teams n’ouvre que les adresses qui commencent par https://", ""],
        raw: ["Ligne {{line}} : Teams montre en l’état {{what}}.", "{{cure}}"],
        more_raw: [
            "Autres endroits que Teams montre en l’état : {{count}}.",
            "Écrivez seulement gras, italique, liens et listes.",
        ],
        link_not_opened: ["Ligne {{line}} : un lien commence par https:// ou mailto:", ""],
        no_picture: ["Ce n’est pas une image que Teams montre.", "Choisissez un fichier PNG, JPEG ou GIF."],
        cut_off: ["L’image est tronquée : la fin du fichier manque.", "Choisissez le fichier entier."],
        picture_too_large: [
            "L’image est trop volumineuse pour un message.",
            "Réduisez-la, ou téléversez ici son fichier.",
        ],
        picture_missing: ["Choisissez une image, ou donnez son adresse.", ""],
        needs_description: ["Dites ce que montre l’image : elle échapperait aux personnes qui ne la voient pas.", ""],
        not_in_feeds: ["Le flux d’activité ne le montre pas.", "Laissez-le de côté, ou choisissez « Dans les deux »."],
        no_hour: ["Ce n’est pas un jour avec une heure.", "Choisissez un jour, une heure et un fuseau."],
        no_zone: ["Le fuseau horaire manque.", "Choisissez-en un dans la liste."],
        unknown_zone: ["Ce fuseau horaire n’existe pas.", "Choisissez-en un dans la liste."],
        left_out_hour: [
            "{{hour}} n’existe pas dans le fuseau {{zone}} : les horloges la sautent ce jour-là.",
            "Choisissez {{before}} ou {{after}}.",
        ],
        unlikely_year: ["L’année n’est pas comprise entre 1970 et 9999.", "Vérifiez l’année."],
        past: ["Cette heure est déjà passée.", "Choisissez une heure à venir, ou « Maintenant »."],
        too_far_ahead: [
            "Cette heure est à plus de {{days}} jours d’ici.",
            "Choisissez une heure plus proche, et vérifiez l’année.",
        ],
        audience_missing: ["Choisissez à qui elle s’adresse.", ""],
        list_missing: [
            "La liste « {{name}} » est nommée, mais elle n’est pas ici.",
            "Collez-la ou téléversez-la de nouveau, ou retirez son nom.",
        ],
        list_not_named: [
            "La liste « {{name}} » est ici, mais n’est pas nommée parmi les destinataires.",
            "Nommez la liste parmi les destinataires, ou retirez-la.",
        ],
        channel_missing: ["Nommez les canaux : chacun par une équipe, ou par équipe/canal.", ""],
        unknown_group: [
            "« {{name}} » n’est ni un groupe ni une équipe de cette organisation.",
            "Cherchez par le début du nom.",
        ],
        several_groups: [
            "« {{name}} » est le nom de plusieurs groupes.",
            "Retirez-le, et choisissez dans la recherche celui qui est visé.",
        ],
        hidden_group: [
            "Les membres de « {{name}} » sont cachés à Stentor.",
            "Choisissez un autre groupe, ou demandez à votre administrateur de permettre à Stentor de les voir.",
        ],
        no_team: [
            "« {{name}} » est un groupe sans équipe, donc sans canaux.",
            "Choisissez une équipe, ou écrivez aux personnes du groupe.",
        ],
        named_twice: ["« {{name}} » est nommé deux fois.", "Nommez chaque canal une seule fois."],
        not_saved: [
            "Rien n’est enregistré sous le nom « {{name}} ».",
            "La recherche des destinataires montre ce qui est enregistré.",
        ],
        unknown_person: [
            "« {{address}} » n’est personne que l’annuaire connaisse, ou l’adresse de plusieurs personnes.",
            "Cherchez la personne par son nom.",
        ],
        unknown_broadcast: ["L’annonce {{id}} n’existe pas.", "La liste des annonces montre celles qui existent."],
        means_nobody: ["Cela ne désigne personne.", "Regardez ce qui est retiré : cela retire tout le monde."],
        empty_parts: [
            "Cela ne désigne personne : il n’y a personne dans {{parts}}.",
            "Vérifiez l’orthographe, ou faites un autre choix.",
        ],
        list_names_nobody: [
            "Personne n’est nommé dans cette liste. La ligne {{line}} contient « {{cell}} ».",
            "Donnez une ligne à chaque personne, avec une adresse e-mail, un nom d’utilisateur principal ou un identifiant d’objet.",
        ],
        list_of_strangers: [
            "Personne de cette liste n’est dans l’annuaire de cette organisation.",
            "Vérifiez que c’est la bonne liste.",
        ],
        not_text: [
            "Stentor ne peut pas lire cette liste.",
            "Enregistrez-la en CSV (dans Excel : Enregistrer sous, « CSV UTF-8 »), une personne par ligne.",
        ],
        lines_malformed: [
            "Lignes où personne n’est nommé : {{count}}.",
            "Corrigez la liste, ou cochez « Continuer sans ces lignes ».",
        ],
        lines_unknown: [
            "Lignes dont l’annuaire ne connaît pas l’adresse : {{count}}.",
            "Corrigez la liste, ou cochez « Continuer sans ces lignes ».",
        ],
        lines_ambiguous: [
            "Lignes dont plusieurs personnes partagent l’adresse : {{count}}.",
            "Corrigez la liste, ou cochez « Continuer sans ces lignes ».",
        ],
    },
    raw: {
        heading: ["un titre", "Écrivez en **gras** sur une ligne à part."],
        code_block: ["un bloc de code", "Écrivez du texte simple, au bord gauche."],
        code: ["du code entre accents graves", "Écrivez-le en gras."],
        quotation: ["une citation", "Écrivez-la en italique."],
        table: ["un tableau", "Écrivez une liste."],
        html: ["du HTML", "Écrivez seulement gras, italique, liens et listes."],
        image: ["une image", "Donnez à l’annonce une image à part, plus bas."],
        struck: ["du texte barré", "Laissez-le de côté."],
        tick: ["une case à cocher", "Écrivez une simple liste."],
        rule: ["un trait horizontal", "Laissez une ligne vide."],
        bare_link: ["une adresse de ce genre", "Écrivez-la ainsi : [texte](https://…)."],
    },
});
