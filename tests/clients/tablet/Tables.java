package tablet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.condition.EvaluationContext;
import org.javarosa.core.model.condition.IFunctionHandler;
import org.javarosa.core.model.instance.SecondaryInstanceCSVParserBuilder;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.xpath.XPathParseTool;
import org.javarosa.xpath.expr.XPathFuncExpr;
import org.javarosa.xpath.parser.XPathSyntaxException;

/** The csv files of a form's media folder, for Collect's own {@code pulldata()} and {@code search()} (D8). */
final class Tables {
    private static final Pattern SEARCH = Pattern.compile("search\\(.*\\)");

    private final EntityLists lists;
    private final Supplier<Path> mediaFolder;

    Tables(EntityLists lists, Supplier<Path> mediaFolder) {
        this.lists = lists;
        this.mediaFolder = mediaFolder;
    }

    static List<CSVRecord> read(Path csv) throws IOException {
        try (CSVParser parser = new SecondaryInstanceCSVParserBuilder().path(csv.toAbsolutePath().toString()).build()) {
            return parser.getRecords();
        }
    }

    private List<Map<String, String>> rows(String name) throws IOException {
        Path csv = mediaFolder.get().resolve(name.endsWith(".csv") ? name : name + ".csv");
        if (Files.exists(csv)) return read(csv).stream().map(CSVRecord::toMap).toList();
        return lists.has(name) ? lists.rows(name) : List.of();
    }

    /** The function pulldata(table, column, key column, key). */
    IFunctionHandler pulldata() {
        return new IFunctionHandler() {
            @Override
            public String getName() {
                return "pulldata";
            }

            @Override
            @SuppressWarnings("rawtypes") // JavaRosa's own signature
            public List<Class[]> getPrototypes() {
                return List.of();
            }

            @Override
            public boolean rawArgs() {
                return true;
            }

            @Override
            public boolean realTime() {
                return false;
            }

            @Override
            public Object eval(Object[] arguments, EvaluationContext context) {
                return pull(text(arguments[0]), text(arguments[1]), text(arguments[2]), text(arguments[3]));
            }
        };
    }

    private String pull(String table, String column, String keyColumn, String key) {
        try {
            for (Map<String, String> row : rows(table))
                if (key.equals(row.get(keyColumn))) return row.getOrDefault(column, "");
            return "";
        } catch (IOException e) {
            return ""; // as Collect
        }
    }

    /** The choices of a select: the form's own, or those that search() in its appearance finds. */
    List<SelectChoice> choices(FormDef form, FormEntryPrompt prompt) throws IOException, XPathSyntaxException {
        List<SelectChoice> fixed = new ArrayList<>(prompt.getSelectChoices());
        String appearance = prompt.getAppearanceHint();
        Matcher search = appearance == null ? null : SEARCH.matcher(appearance);
        if (search == null || !search.find()) return fixed;
        String[] arguments = evaluate((XPathFuncExpr) XPathParseTool.parseXPath(search.group()), form, prompt);
        List<SelectChoice> found = new ArrayList<>();
        for (SelectChoice choice : fixed) {
            if (choice.getValue().matches("-?\\d+")) found.add(choice);
            else for (Map<String, String> row : rows(arguments[0]))
                addIfFound(found, row, choice.getValue(), arguments);
        }
        return found;
    }

    private static String[] evaluate(XPathFuncExpr function, FormDef form, FormEntryPrompt prompt) {
        TreeReference here = prompt.getIndex().getReference();
        EvaluationContext context = new EvaluationContext(form.getEvaluationContext(), here);
        String[] values = new String[function.args.length];
        for (int i = 0; i < values.length; i++)
            values[i] = text(function.args[i].eval(form.getMainInstance(), context));
        return values;
    }

    /** search(table, how, column, text, filter column, filter text); the choice's value names the column to show. */
    private static void addIfFound(List<SelectChoice> found, Map<String, String> row, String column, String[] search) {
        boolean isHit = search.length < 4 || isMatch(search[1], row.get(search[2]), search[3]);
        if (search.length >= 6) isHit &= search[5].equals(row.get(search[4]));
        String value = row.get(column);
        if (isHit && value != null) found.add(new SelectChoice(null, value, value, false));
    }

    private static boolean isMatch(String how, String value, String text) {
        if (value == null) return false;
        return switch (how) {
            case "contains" -> value.contains(text);
            case "startswith" -> value.startsWith(text);
            case "endswith" -> value.endsWith(text);
            default -> value.equals(text);
        };
    }

    private static String text(Object value) {
        return XPathFuncExpr.toString(value);
    }
}
