import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.IntegerData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormUtils;

/**
 * Answers a form as ODK Collect would. Arguments: the XForm, and a file with one respondent a line,
 * "name=value" between tabs. Writes a line for each: "?name" for what was shown and could not be
 * answered from the line, "!name" for what was refused, and "name=value" of every relevant node.
 */
public class Interviews {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        System.setOut(new PrintStream(java.io.OutputStream.nullOutputStream()));
        new XFormsModule().registerModule();
        String xform = new String(Files.readAllBytes(Path.of(args[0])), StandardCharsets.UTF_8);
        for (String line : Files.readAllLines(Path.of(args[1]), StandardCharsets.UTF_8)) {
            Map<String, String> given = new HashMap<>();
            for (String pair : line.split("\t")) {
                int at = pair.indexOf('=');
                if (at > 0) given.put(pair.substring(0, at), pair.substring(at + 1));
            }
            FormDef form = XFormUtils.getFormFromInputStream(
                new java.io.ByteArrayInputStream(xform.getBytes(StandardCharsets.UTF_8)));
            form.initialize(true, new InstanceInitializationFactory());
            out.println(String.join("\t", interview(form, given)));
        }
    }

    private static List<String> interview(FormDef form, Map<String, String> given) {
        List<String> told = new ArrayList<>();
        FormEntryModel model = new FormEntryModel(form);
        FormEntryController controller = new FormEntryController(model);
        int event;
        while ((event = controller.stepToNextEvent()) != FormEntryController.EVENT_END_OF_FORM) {
            if (event != FormEntryController.EVENT_QUESTION) continue;
            FormEntryPrompt prompt = model.getQuestionPrompt();
            String name = model.getFormIndex().getReference().getNameLast();
            String value = given.get(name);
            if (value == null || prompt.isReadOnly()) {
                told.add("?" + name);
            } else if (controller.answerQuestion(data(prompt, value), true)
                    == FormEntryController.ANSWER_CONSTRAINT_VIOLATED) {
                told.add("!" + name);
            }
        }
        collect(form.getMainInstance().getRoot(), told);
        return told;
    }

    private static IAnswerData data(FormEntryPrompt prompt, String value) {
        switch (prompt.getControlType()) {
            case Constants.CONTROL_SELECT_ONE:
                return new SelectOneData(new Selection(value));
            case Constants.CONTROL_SELECT_MULTI:
                List<Selection> chosen = new ArrayList<>();
                for (String one : value.split(" ")) chosen.add(new Selection(one));
                return new MultipleItemsData(chosen);
            default:
                return prompt.getDataType() == Constants.DATATYPE_INTEGER
                    ? new IntegerData(Integer.parseInt(value)) : new StringData(value);
        }
    }

    private static void collect(TreeElement element, List<String> told) {
        if (!element.isRelevant()) return;
        if (element.getValue() != null) {
            told.add(element.getName() + "=" + element.getValue().uncast().getString());
        }
        for (int i = 0; i < element.getNumChildren(); i++) collect(element.getChildAt(i), told);
    }
}
