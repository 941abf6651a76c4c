import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.ItemsetBinding;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.condition.EvaluationContext;
import org.javarosa.core.model.condition.IFunctionHandler;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.UncastData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.core.model.data.AnswerDataFactory;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormAnswerDataSerializer;
import org.javarosa.xform.util.XFormUtils;
import org.javarosa.xpath.XPathNodeset;
import org.javarosa.xpath.XPathParseTool;
import org.javarosa.xpath.expr.XPathFuncExpr;
import org.javarosa.xpath.expr.XPathPathExpr;
import org.javarosa.xpath.parser.XPathSyntaxException;

/**
 * Answers forms as ODK Collect would. Reads one JSON document a line, {"form": path of an XForm,
 * "folder": path of its list files, "answers": {…}, "language": …, "now": ISO 8601, "evaluate":
 * [[node, expression], …]}, and answers each with a line: what `usegap form run --json` says of
 * them, or {"error": …}.
 */
public class Drive {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        System.setErr(new PrintStream(OutputStream.nullOutputStream()));
        new XFormsModule().registerModule();
        PropertyManager.setPropertyManager(new NothingKnown());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        String line;
        while ((line = in.readLine()) != null) {
            ObjectNode told;
            try {
                told = new Drive(JSON.readTree(line)).told();
            } catch (Exception | LinkageError | StackOverflowError wrong) {
                told = JSON.createObjectNode();
                told.put("error", wrong.getClass().getSimpleName() + ": " + wrong.getMessage());
            }
            out.print(JSON.writeValueAsString(told) + "\n");
            out.flush();
        }
    }

    private final JsonNode wanted;
    private final JsonNode answers;
    private final FormDef form;
    private final FormEntryModel model;
    private final FormEntryController controller;
    private final ArrayNode asked = JSON.createArrayNode();
    private final Set<String> settled = new HashSet<>();
    private final Map<String, JsonNode> corrected = new HashMap<>();
    private boolean ended;

    private Drive(JsonNode wanted) throws Exception {
        this.wanted = wanted;
        answers = wanted.path("answers");
        long now = OffsetDateTime.parse(wanted.get("now").asText()).toInstant().toEpochMilli();
        System.setProperty("fixed.clock", Long.toString(now));
        org.joda.time.DateTimeUtils.setCurrentMillisFixed(now);
        ReferenceManager.instance().clearSession();
        ReferenceManager.instance().reset();
        if (wanted.hasNonNull("folder")) {
            String folder = wanted.get("folder").asText();
            ReferenceManager.instance().addReferenceFactory(new Files_(folder));
        }
        byte[] xform = Files.readAllBytes(Path.of(wanted.get("form").asText()));
        form = XFormUtils.getFormFromInputStream(new ByteArrayInputStream(xform));
        form.addFunctionHandler(new PullData(form));
        form.initialize(true, new InstanceInitializationFactory());
        model = new FormEntryModel(form);
        controller = new FormEntryController(model);
        if (wanted.hasNonNull("language")) controller.setLanguage(wanted.get("language").asText());
    }

    private ObjectNode told() {
        walk();
        for (JsonNode correction : answers.path("corrections")) {
            if (ended) break;
            FormIndex index = find(correction.get(0).asText());
            if (index == null) {
                said(asked.addObject().put("node", correction.get(0).asText()), "", false, "not asked");
                continue;
            }
            corrected.put(correction.get(0).asText(), correction.get(1));
            controller.jumpToIndex(index);
            ask(correction.get(0).asText(), correction.get(1));
            if (!ended) walk();
        }
        if (wanted.has("delete")) controller.deleteRepeat(find(wanted.get("delete").asText()));
        if (!ended) controller.finalizeFormEntry();
        ObjectNode told = JSON.createObjectNode();
        told.set("asked", asked);
        ArrayNode nodes = told.putArray("nodes");
        list(form.getMainInstance().getRoot(), nodes);
        told.put("finished", !ended);
        if (wanted.has("evaluate")) {
            ArrayNode values = told.putArray("evaluated");
            for (JsonNode one : wanted.get("evaluate")) {
                values.add(evaluated(one.get(0).asText(), one.get(1).asText()));
            }
        }
        return told;
    }

    // The walk -----------------------------------------------------------------------------------

    /** From beginning to end, as often as something is open again by what was answered after it. */
    private void walk() {
        int before;
        do {
            before = asked.size();
            walkOnce();
        } while (!ended && asked.size() > before);
    }

    private void walkOnce() {
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        int event;
        while (!ended && (event = controller.stepToNextEvent()) != FormEntryController.EVENT_END_OF_FORM) {
            if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
                FormIndex index = model.getFormIndex();
                TreeReference repeat = form.getChildInstanceRef(index);
                if (repeat.getMultLast() < instances(repeat)) controller.newRepeat();
            } else if (event == FormEntryController.EVENT_QUESTION) {
                String path = path(form.getMainInstance().resolveReference(model.getFormIndex().getReference()));
                if (settled.add(path)) ask(path, given(path));
                else if (isOpenAgain()) ask(path, corrected.getOrDefault(path, given(path)));
            }
        }
    }

    /** Whether another answer has made a question's own impossible, as Collect finds at the end. */
    private boolean isOpenAgain() {
        FormEntryPrompt prompt = model.getQuestionPrompt();
        if (prompt.isReadOnly()) return false;
        TreeReference ref = model.getFormIndex().getReference();
        boolean had = form.getMainInstance().resolveReference(ref).getValue() != null;
        IAnswerData standing = chosenStill(prompt);
        if (standing == null) return prompt.isRequired() || had;
        return !form.evaluateConstraint(ref, standing);
    }

    /**
     * The answer, without the choices that are not offered any more: looking at the choices takes
     * them out of the node. JavaRosa leaves what is computed from it as it was; unless "stale" is
     * wanted, that is computed anew here.
     */
    private IAnswerData chosenStill(FormEntryPrompt prompt) {
        TreeReference ref = model.getFormIndex().getReference();
        TreeElement node = form.getMainInstance().resolveReference(ref);
        if (!isSelect(prompt)) return node.getValue();
        String before = node.getValue() == null ? "" : serialized(node.getValue());
        if (!wanted.path("stale").asBoolean()) forgetChoices(prompt);
        prompt.getSelectChoices();
        String after = node.getValue() == null ? "" : serialized(node.getValue());
        if (after.isEmpty()) node.setAnswer(null);
        if (!after.equals(before) && !wanted.path("stale").asBoolean()) form.triggerTriggerables(ref);
        return node.getValue();
    }

    /**
     * JavaRosa remembers a filtered list as long as the nodes that the filter reads keep their
     * values, though one of them may not be relevant any more.
     */
    private static void forgetChoices(FormEntryPrompt prompt) {
        if (prompt.getQuestion().getDynamicChoices() == null) return;
        try {
            var remembered = ItemsetBinding.class.getDeclaredField("cachedFilteredChoiceList");
            remembered.setAccessible(true);
            remembered.set(prompt.getQuestion().getDynamicChoices(), null);
        } catch (ReflectiveOperationException wrong) {
            throw new IllegalStateException(wrong);
        }
    }

    /** How many instances the answers have for this repeat, in the instance around it. */
    private int instances(TreeReference repeat) {
        List<Integer> around = new ArrayList<>();
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < repeat.size(); i++) {
            name.append('/').append(repeat.getName(i));
            if (i < repeat.size() - 1 && isRepeat(name.toString())) around.add(repeat.getMultiplicity(i));
        }
        int most = 0;
        var fields = answers.fields();
        while (fields.hasNext()) {
            var field = fields.next();
            if (!field.getKey().startsWith(name + "/")) continue;
            JsonNode list = field.getValue();
            for (int at : around) list = list.isArray() && at < list.size() ? list.get(at) : null_();
            if (list.isArray()) most = Math.max(most, list.size());
        }
        return most;
    }

    private boolean isRepeat(String path) {
        return form.getMainInstance().getTemplate(reference(path)) != null;
    }

    private static TreeReference reference(String path) {
        try {
            return ((XPathPathExpr) XPathParseTool.parseXPath(path)).getReference();
        } catch (XPathSyntaxException wrong) {
            throw new IllegalArgumentException(wrong);
        }
    }

    private static JsonNode null_() {
        return JSON.nullNode();
    }

    /** The answer to this node, instances and all; null where there is none, a null node for null. */
    private JsonNode given(String path) {
        JsonNode found = answers.get(path.replaceAll("\\[\\d+\\]", ""));
        var places = java.util.regex.Pattern.compile("\\[(\\d+)\\]").matcher(path);
        while (found != null && places.find()) {
            int at = Integer.parseInt(places.group(1)) - 1;
            found = found.isArray() ? found.get(at) : at == 0 && !found.isNull() ? found : null;
        }
        return found;
    }

    private void ask(String path, JsonNode given) {
        FormEntryPrompt prompt = model.getQuestionPrompt();
        chosenStill(prompt);
        ObjectNode entry = asked.addObject();
        entry.put("node", path);
        String label = prompt.getLongText() != null ? prompt.getLongText() : prompt.getQuestionText();
        entry.put("label", label == null ? "" : label);
        entry.put("type", type(prompt));
        ArrayNode choices = entry.putArray("choices");
        Map<String, SelectChoice> offered = new HashMap<>();
        if (isSelect(prompt)) {
            for (SelectChoice choice : prompt.getSelectChoices()) {
                offered.putIfAbsent(choice.getValue(), choice);
                choices.addArray().add(choice.getValue()).add(prompt.getSelectChoiceText(choice));
            }
        }
        String text = given == null || given.isNull() ? "" : written(given);
        boolean cleared = given != null && text.isEmpty();
        IAnswerData standing = prompt.getAnswerValue();
        if (prompt.isReadOnly()) {
            said(entry, "", true, null);
            return;
        }
        if (given == null && standing != null) text = serialized(standing);
        IAnswerData data = null;
        boolean readable = true;
        if (!text.isEmpty()) {
            try {
                data = data(prompt, text, offered);
                readable = data != null;
            } catch (RuntimeException wrong) {
                readable = false;
            }
        }
        if (!readable) {
            refuse(entry, prompt, text, "");
            return;
        }
        int outcome = controller.answerQuestion(data, true);
        if (outcome == FormEntryController.ANSWER_OK) {
            said(entry, text, true, null);
        } else if (outcome == FormEntryController.ANSWER_CONSTRAINT_VIOLATED) {
            String message = prompt.getConstraintText(data);
            refuse(entry, prompt, text, message == null ? "" : message);
        } else {
            String message = requiredMessage(prompt);
            said(entry, "", false, message);
            ended = true;
        }
    }

    /** The answer is not taken: what was there before stays; a required question without any is the end. */
    private void refuse(ObjectNode entry, FormEntryPrompt prompt, String text, String message) {
        said(entry, text, false, message);
        IAnswerData standing = prompt.getAnswerValue();
        if (standing != null && form.evaluateConstraint(model.getFormIndex().getReference(), standing)) return;
        if (controller.answerQuestion(null, true) == FormEntryController.ANSWER_REQUIRED_BUT_EMPTY) {
            ended = true;
        }
    }

    private static void said(ObjectNode entry, String text, boolean accepted, String message) {
        entry.put("answer", text.isEmpty() ? null : text);
        entry.put("accepted", accepted);
        entry.put("message", message);
    }

    private String requiredMessage(FormEntryPrompt prompt) {
        for (TreeElement attribute : prompt.getBindAttributes()) {
            if (attribute.getName().equals("requiredMsg")) {
                String text = attribute.getAttributeValue();
                if (text.startsWith("jr:itext('")) {
                    return prompt.getQuestionText(text.substring(10, text.length() - 2));
                }
                return text;
            }
        }
        return "";
    }

    private FormIndex find(String path) {
        FormIndex index = model.incrementIndex(FormIndex.createBeginningOfFormIndex());
        while (index.isInForm()) {
            if (model.getEvent(index) == FormEntryController.EVENT_QUESTION) {
                TreeElement node = form.getMainInstance().resolveReference(index.getReference());
                if (node != null && path(node).equals(path)) {
                    return model.isIndexRelevant(index) && node.isEnabled() ? index : null;
                }
            }
            index = model.incrementIndex(index);
        }
        return null;
    }

    // Values -------------------------------------------------------------------------------------

    private static boolean isSelect(FormEntryPrompt prompt) {
        int control = prompt.getControlType();
        return control == Constants.CONTROL_SELECT_ONE || control == Constants.CONTROL_SELECT_MULTI
            || control == Constants.CONTROL_RANK;
    }

    private static String written(JsonNode given) {
        if (!given.isArray()) return given.asText();
        List<String> parts = new ArrayList<>();
        for (JsonNode one : given) parts.add(one.asText());
        return String.join(" ", parts);
    }

    /** What Collect's widget would hand in; null for a choice that is not offered. */
    private static IAnswerData data(FormEntryPrompt prompt, String text, Map<String, SelectChoice> offered) {
        if (isSelect(prompt)) {
            List<Selection> chosen = new ArrayList<>();
            if (prompt.getControlType() == Constants.CONTROL_SELECT_ONE) {
                SelectChoice choice = offered.get(text);
                return choice == null ? null : new SelectOneData(choice.selection());
            }
            List<String> values = List.of(text.trim().split("\\s+"));
            if (!offered.keySet().containsAll(values)) return null;
            if (prompt.getControlType() == Constants.CONTROL_SELECT_MULTI) {
                // In the order in which they are written, though they may be shown in another.
                values = values.stream().distinct()
                    .sorted(Comparator.comparingInt(one -> offered.get(one).getIndex())).toList();
            }
            for (String one : values) chosen.add(offered.get(one).selection());
            return new MultipleItemsData(chosen);
        }
        IAnswerData template = AnswerDataFactory.templateByDataType(prompt.getDataType());
        return template instanceof UncastData
            ? new org.javarosa.core.model.data.StringData(text) : template.cast(new UncastData(text));
    }

    private static String serialized(IAnswerData value) {
        if (value instanceof UncastData) return ((UncastData) value).getString();
        return String.valueOf(new XFormAnswerDataSerializer().serializeAnswerData(value));
    }

    private static String type(FormEntryPrompt prompt) {
        switch (prompt.getControlType()) {
            case Constants.CONTROL_SELECT_ONE: return "select_one";
            case Constants.CONTROL_SELECT_MULTI: return "select_multiple";
            case Constants.CONTROL_RANK: return "rank";
            case Constants.CONTROL_RANGE: return "range";
            case Constants.CONTROL_TRIGGER: return "acknowledge";
            case Constants.CONTROL_IMAGE_CHOOSE: return "image";
            case Constants.CONTROL_AUDIO_CAPTURE: return "audio";
            case Constants.CONTROL_VIDEO_CAPTURE: return "video";
            case Constants.CONTROL_FILE_CAPTURE: case Constants.CONTROL_UPLOAD: return "file";
        }
        switch (prompt.getDataType()) {
            case Constants.DATATYPE_INTEGER: return "integer";
            case Constants.DATATYPE_DECIMAL: return "decimal";
            case Constants.DATATYPE_DATE: return "date";
            case Constants.DATATYPE_TIME: return "time";
            case Constants.DATATYPE_DATE_TIME: return "dateTime";
            case Constants.DATATYPE_GEOPOINT: return "geopoint";
            case Constants.DATATYPE_GEOTRACE: return "geotrace";
            case Constants.DATATYPE_GEOSHAPE: return "geoshape";
            case Constants.DATATYPE_BARCODE: return "barcode";
            default: return prompt.isReadOnly() ? "note" : "text";
        }
    }

    // Nodes --------------------------------------------------------------------------------------

    private static String path(TreeElement node) {
        String name = node.getName();
        if (node.isRepeatable()) name += "[" + (node.getMult() + 1) + "]";
        TreeElement above = (TreeElement) node.getParent();
        return (above == null || above.getName() == null ? "" : path(above)) + "/" + name;
    }

    private static void list(TreeElement node, ArrayNode nodes) {
        if (node.getMult() == TreeReference.INDEX_TEMPLATE) return;
        if (node.getNumChildren() == 0) {
            ObjectNode entry = nodes.addObject();
            entry.put("node", path(node));
            entry.put("relevant", node.isRelevant());
            entry.put("value", node.getValue() == null ? null : serialized(node.getValue()));
        }
        for (int i = 0; i < node.getNumChildren(); i++) list(node.getChildAt(i), nodes);
    }

    private String evaluated(String node, String expression) {
        try {
            TreeReference here = reference(node).clone();
            for (int i = 0; i < here.size(); i++) {
                if (here.getPredicate(i) != null) {
                    Object at = here.getPredicate(i).get(0).eval(null, null);
                    here.addPredicate(i, null);
                    here.setMultiplicity(i, ((Double) at).intValue() - 1);
                } else {
                    here.setMultiplicity(i, 0);
                }
            }
            Object value = XPathParseTool.parseXPath(expression)
                .eval(form.getMainInstance(), new EvaluationContext(form.getEvaluationContext(), here));
            if (value instanceof XPathNodeset && ((XPathNodeset) value).size() > 1) {
                StringBuilder all = new StringBuilder("{");
                for (Object one : ((XPathNodeset) value).toArgList()) all.append(XPathFuncExpr.toString(one)).append(';');
                return all + "}";
            }
            return XPathFuncExpr.toString(value);
        } catch (Exception wrong) {
            return "error: " + wrong.getClass().getSimpleName() + ": " + wrong.getMessage();
        }
    }

    /** Collect's own pulldata(list, wanted, key, value): "" where no row fits. */
    private static class PullData implements IFunctionHandler {
        private final FormDef form;

        PullData(FormDef form) {
            this.form = form;
        }

        @Override
        public String getName() {
            return "pulldata";
        }

        @Override
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
        public Object eval(Object[] args, EvaluationContext context) {
            String[] texts = java.util.Arrays.stream(args).map(XPathFuncExpr::toString).toArray(String[]::new);
            TreeElement rows = (TreeElement) form.getNonMainInstance(texts[0]).getRoot();
            for (int i = 0; i < rows.getNumChildren(); i++) {
                TreeElement row = rows.getChildAt(i);
                if (cell(row, texts[2]).equals(texts[3])) return cell(row, texts[1]);
            }
            return "";
        }

        private static String cell(TreeElement row, String column) {
            TreeElement cell = row.getFirstChild(column);
            return cell == null || cell.getValue() == null ? "" : cell.getValue().getDisplayText();
        }
    }

    /** What a form may ask of who runs it: nothing is known. */
    private static class NothingKnown implements IPropertyManager {
        @Override
        public List<String> getProperty(String name) {
            return List.of();
        }

        @Override
        public void setProperty(String name, String value) {}

        @Override
        public void setProperty(String name, List<String> value) {}

        @Override
        public String getSingularProperty(String name) {
            return "";
        }

        @Override
        public void addRules(IPropertyRules rules) {}

        @Override
        public List<IPropertyRules> getRules() {
            return List.of();
        }
    }

    /** The files of `jr://file/…`, `jr://file-csv/…` and `jr://instance/…`, all in one folder. */
    private static class Files_ extends PrefixedRootFactory {
        private final String folder;

        Files_(String folder) {
            super(new String[] {"file/", "file-csv/", "images/", "audio/", "video/", "instance/"});
            this.folder = folder;
        }

        @Override
        protected Reference factory(String terminal, String uri) {
            String name = terminal.substring(terminal.indexOf('/') + 1);
            return new org.javarosa.core.reference.ResourceReference(name) {
                @Override
                public java.io.InputStream getStream() throws java.io.IOException {
                    return java.nio.file.Files.newInputStream(Path.of(folder, name));
                }

                @Override
                public String getLocalURI() {
                    return Path.of(folder, name).toString();
                }

                @Override
                public boolean doesBinaryExist() {
                    return java.nio.file.Files.exists(Path.of(folder, name));
                }
            };
        }
    }
}
